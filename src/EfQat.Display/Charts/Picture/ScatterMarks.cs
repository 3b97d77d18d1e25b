using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>Lines, points, texts. A point without a place interrupts the line.</summary>
sealed class ScatterMarks(JsonObject trace, string color) : Marks(trace, color)
{
    readonly string mode = (string?)trace["mode"] ?? "lines";

    public override Extent X => new(Values("x", Count("y")));

    public override Extent Y => new(Values("y", Count("x")));

    public override IEnumerable<XElement> Draw(Axis x, Axis y)
    {
        (double X, double Y)[] points = [.. X.Values.Zip(Y.Values, (a, b) => (x.Pixel(a), y.Pixel(b)))];
        if (mode.Contains("lines"))
            yield return Line(("d", Path(points)));
        foreach (var (i, (px, py)) in points.Index().Where(p => double.IsFinite(p.Item.X + p.Item.Y)))
        {
            if (mode.Contains("markers"))
                yield return Svg.Node("circle", ("cx", px), ("cy", py), ("r", 3.5), ("fill", Fill(i)));
            if (mode.Contains("text") && Label(i) is { } text)
                yield return Text(px, py, text);
        }
    }

    public override XElement Key(double x, double y) => mode.Contains("lines")
        ? Line(("d", $"M{Svg.Number(x)} {Svg.Number(y)}h16"))
        : Svg.Node("circle", ("cx", x + 8), ("cy", y), ("r", 4.0), ("fill", Fill(0)));

    XElement Line((string, object?) path) => Svg.Node(
        "path", path, ("fill", "none"), ("stroke", (string?)Trace["line"]?["color"] ?? Fill(0)),
        ("stroke-width", (double?)Trace["line"]?["width"] ?? 2.5), ("stroke-linejoin", "round"), ("stroke-dasharray", (string?)Trace["line"]?["dash"] switch
        {
            "dash" => "9 6",
            "dot" => "2.5 4",
            "dashdot" => "9 4 2.5 4",
            "longdash" => "15 6",
            _ => null,
        }));

    static string Path((double X, double Y)[] points)
    {
        var path = new StringBuilder();
        var draws = false;
        foreach (var (x, y) in points)
        {
            if (double.IsFinite(x + y))
                path.Append(draws ? 'L' : 'M').Append(Svg.Number(x)).Append(' ').Append(Svg.Number(y));
            draws = double.IsFinite(x + y);
        }
        return path.ToString();
    }

    XElement Text(double x, double y, string text)
    {
        var place = (string?)Trace["textposition"] ?? "middle center";
        var dy = place.StartsWith("top") ? -12 : place.StartsWith("bottom") ? 12 : 0;
        var side = place.EndsWith("left") ? -1 : place.EndsWith("right") ? 1 : 0;
        return Svg.Text("ink", x + 7 * side, y + dy, text, side < 0 ? "end" : side > 0 ? "start" : "middle");
    }
}
