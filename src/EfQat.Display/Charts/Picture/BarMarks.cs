using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>Bars from zero, upright or lying; several traces share the room of a key, or stand on one another.</summary>
sealed class BarMarks(JsonObject trace, string color) : Marks(trace, color)
{
    readonly double fills = (double?)trace["width"] ?? 0.65;

    BarMarks? below;

    public bool Lies { get; } = (string?)trace["orientation"] == "h";

    public override Extent X => Lies ? Amounts : Keys;

    public override Extent Y => Lies ? Keys : Amounts;

    /// <summary>Puts each bar where that of the same key ends.</summary>
    public void StackOn(BarMarks other) => below = other;

    public override IEnumerable<XElement> Draw(Axis x, Axis y)
    {
        var (along, up) = Lies ? (y, x) : (x, y);
        var room = along.Spacing(Keys.Values) * fills;
        foreach (var (i, (key, amount)) in Keys.Values.Zip(Amounts.Values).Index())
        {
            var start = along.Position(key) - room / 2 + room * Slot.Index / Slot.Count;
            var (a, b) = (along.Pixel(start), along.Pixel(start + room / Slot.Count));
            var (zero, end) = (below is null ? up.Pixel(up.Base) : up.Pixel(below.End(key)), up.Pixel(amount));
            if (!double.IsFinite(a + end))
                continue;
            yield return Lies ? Rectangle(zero, a, end, b, i) : Rectangle(a, zero, b, end, i);
            if (Label(i) is not { } text)
                continue;
            var inside = (string?)Trace["textposition"] == "inside" ? -1 : 1;
            yield return Lies
                ? Svg.Text("ink", end + 5 * inside, (a + b) / 2, text, inside > 0 ? "start" : "end")
                : Svg.Text("ink", (a + b) / 2, end - 10 * inside, text, "middle");
        }
    }

    Extent Keys => new(Values(Lies ? "y" : "x", Count(Lies ? "x" : "y")), HalfSpacing(Lies ? "y" : "x"));

    Extent Amounts => new(below is null ? Given : [.. Given.Zip(Keys.Values, (amount, key) => (JsonNode?)(below.End(key) + (double?)amount))], FromZero: true);

    JsonNode?[] Given => Values(Lies ? "x" : "y", 0);

    double End(JsonNode? key) =>
        (below?.End(key) ?? 0) + Given.Zip(Keys.Values).Where(bar => JsonNode.DeepEquals(bar.Second, key)).Sum(bar => (double?)bar.First ?? 0);

    double HalfSpacing(string name) => Trace[name] is JsonArray keys && keys.All(k => k?.GetValueKind() == JsonValueKind.Number)
        ? new Axis(null, [new(keys)]).Spacing(keys) / 2 : 0.5;

    XElement Rectangle(double x1, double y1, double x2, double y2, int point) => Svg.Node(
        "rect", ("x", Math.Min(x1, x2)), ("y", Math.Min(y1, y2)), ("width", Math.Abs(x2 - x1)), ("height", Math.Abs(y2 - y1)), ("fill", Fill(point)));
}
