using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>A matrix as coloured cells, all cells of one of 64 shades in one path; the scale stands at the right.</summary>
sealed class HeatmapMarks(JsonObject trace, string color) : Marks(trace, color)
{
    const int Shades = 64;

    readonly JsonArray rows = trace["z"] as JsonArray ?? [];
    readonly string scale = (string?)trace["colorscale"] ?? "Viridis";
    readonly bool reversed = (bool?)trace["reversescale"] == true;

    public bool ShowScale => (bool?)Trace["showscale"] != false;

    public override Extent X => new(Values("x", rows.Max(r => (r as JsonArray)?.Count) ?? 0), 0.5);

    public override Extent Y => new(Values("y", rows.Count), 0.5);

    public override IEnumerable<XElement> Draw(Axis x, Axis y)
    {
        var (low, high) = Range;
        JsonNode?[] columns = [.. X.Values], lines = [.. Y.Values];
        var (halfWidth, halfHeight) = (x.Spacing(columns) / 2, y.Spacing(lines) / 2);
        return rows.SelectMany((row, i) => ((JsonArray)row!).Select((value, j) => (Value: value, i, j)))
            .Where(cell => cell.Value is not null)
            .GroupBy(cell => Math.Min(Shades - 1, (int)((((double)cell.Value!) - low) / (high - low) * Shades)), cell => Cell(cell.i, cell.j))
            .OrderBy(shade => shade.Key)
            .Select(shade => Svg.Node("path", ("fill", Shade((shade.Key + 0.5) / Shades)), ("d", string.Concat(shade))));

        string Cell(int i, int j)
        {
            var (cx, cy) = (x.Position(columns[j]), y.Position(lines[i]));
            var (left, right) = (x.Pixel(cx - halfWidth), x.Pixel(cx + halfWidth));
            var (top, bottom) = (y.Pixel(cy - halfHeight), y.Pixel(cy + halfHeight));
            var gap = Math.Abs(right - left) > 4 && Math.Abs(bottom - top) > 4 ? 1 : 0;
            return $"M{Svg.Number(Math.Min(left, right))} {Svg.Number(Math.Min(top, bottom))}" +
                $"h{Svg.Number(Math.Abs(right - left) - gap)}v{Svg.Number(Math.Abs(bottom - top) - gap)}h{Svg.Number(gap - Math.Abs(right - left))}z";
        }
    }

    /// <summary>The scale of colours beside the cells, with its numbers.</summary>
    public IEnumerable<XElement> Scale(double x, double top, double bottom)
    {
        var axis = new Axis(null, [new([Range.Low, Range.High], Around: double.Epsilon)]);
        axis.Place(bottom, top);
        var height = (bottom - top) / Shades;
        foreach (var i in Enumerable.Range(0, Shades))
            yield return Svg.Node(
                "rect", ("x", x), ("y", bottom - (i + 1) * height), ("width", 12.0), ("height", height + 0.5), ("fill", Shade((i + 0.5) / Shades)));
        foreach (var (at, label) in axis.Ticks(8))
            yield return Svg.Text("soft", x + 17, axis.Pixel(at), label);
    }

    (double Low, double High) Range
    {
        get
        {
            double[] values = [.. rows.SelectMany(r => (JsonArray)r!).OfType<JsonNode>().Select(v => (double)v)];
            return values.Length == 0 ? (0, 1) : values.Min() < values.Max() ? (values.Min(), values.Max()) : (values[0] - 0.5, values[0] + 0.5);
        }
    }

    string Shade(double at) => Colorscales.At(scale, reversed ? 1 - at : at);
}
