using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>Quartiles as a box, the farthest values within 1.5 boxes as whiskers, points beyond.</summary>
sealed class BoxMarks(JsonObject trace, string color) : Marks(trace, color)
{
    public override Extent X => new(Groups.Select(g => g.Key), 0.5);

    public override Extent Y => new(Values("y", 0));

    public override IEnumerable<XElement> Draw(Axis x, Axis y) => Groups.SelectMany(group => Box(x, y, group.Key, [.. group.Values.Order()]));

    IEnumerable<(JsonNode Key, IEnumerable<double> Values)> Groups => Trace["x"] is JsonArray keys
        ? keys.Zip(Values("y", 0)).Where(p => p.First is not null && p.Second is not null)
            .GroupBy(p => p.First!.ToString()).Select(g => (g.First().First!, g.Select(p => (double)p.Second!)))
        : [((JsonNode)(Name ?? ""), Values("y", 0).OfType<JsonNode>().Select(v => (double)v))];

    IEnumerable<XElement> Box(Axis x, Axis y, JsonNode key, double[] sorted)
    {
        if (sorted.Length == 0)
            yield break;
        var (q1, median, q3) = (Quantile(sorted, 0.25), Quantile(sorted, 0.5), Quantile(sorted, 0.75));
        var (low, high) = (q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1));
        var (from, to) = (sorted.First(v => v >= low), sorted.Last(v => v <= high));

        var at = x.Position(key);
        var (left, middle, right) = (x.Pixel(at - 0.3), x.Pixel(at), x.Pixel(at + 0.3));
        string Y(double value) => Svg.Number(y.Pixel(value));
        string X(double pixel) => Svg.Number(pixel);
        yield return Svg.Node(
            "path", ("fill", Fill(0)), ("fill-opacity", 0.3), ("stroke", Fill(0)), ("stroke-width", 2),
            ("d", $"M{X(left)} {Y(q1)}H{X(right)}V{Y(q3)}H{X(left)}ZM{X(left)} {Y(median)}H{X(right)}" +
                $"M{X(middle)} {Y(q1)}V{Y(from)}M{X(middle)} {Y(q3)}V{Y(to)}"));
        foreach (var outlier in sorted.Where(v => v < low || v > high))
            yield return Svg.Node("circle", ("cx", middle), ("cy", y.Pixel(outlier)), ("r", 3.0), ("fill", Fill(0)));
    }

    /// <summary>As plotly.js has it: the value at rank p·n + ½, between neighbours in proportion.</summary>
    internal static double Quantile(double[] sorted, double p)
    {
        var rank = Math.Clamp(p * sorted.Length - 0.5, 0, sorted.Length - 1);
        var below = (int)rank;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
    }
}
