using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>What one trace draws between two axes.</summary>
/// <param name="trace">The trace as plotly.js reads it.</param>
/// <param name="color">Its colour where it names none.</param>
abstract class Marks(JsonObject trace, string color)
{
    public static Marks Of(JsonObject trace, string color) => (string?)trace["type"] switch
    {
        "scatter" => new ScatterMarks(trace, color),
        "bar" => new BarMarks(trace, color),
        "histogram" => new BarMarks(Bins.Of(trace), color),
        "heatmap" => new HeatmapMarks(trace, color),
        "box" => new BoxMarks(trace, color),
        var type => throw new NotSupportedException($"no static picture of a '{type}' trace"),
    };

    public string? Name => (string?)trace["name"];

    public bool? ShowLegend => (bool?)trace["showlegend"];

    /// <summary>Where it stands among marks of its kind that share the axes, and how many these are.</summary>
    public (int Index, int Count) Slot { get; set; } = (0, 1);

    public abstract Extent X { get; }

    public abstract Extent Y { get; }

    public abstract IEnumerable<XElement> Draw(Axis x, Axis y);

    /// <summary>Its sign in the legend, 16 pixels wide.</summary>
    public virtual XElement Key(double x, double y) =>
        Svg.Node("rect", ("x", x + 2), ("y", y - 6), ("width", 12.0), ("height", 12.0), ("rx", 2.0), ("fill", Fill(0)));

    /// <summary>The trace in a group of its own.</summary>
    public XElement Group(Axis x, Axis y)
    {
        var group = Svg.Node("g", ("class", $"trace {trace["type"]}"), ("opacity", (double?)trace["opacity"]));
        group.Add(Draw(x, y));
        return group;
    }

    protected JsonObject Trace => trace;

    protected string Fill(int point) => trace["marker"]?["color"] switch
    {
        JsonArray colors => (string)colors[point]!,
        { } one => (string)one!,
        _ => (string?)trace["line"]?["color"] ?? color,
    };

    protected string? Label(int point) => trace["text"] switch
    {
        JsonArray texts => texts[point]?.ToString(),
        var one => one?.ToString(),
    };

    /// <summary>The values under a name; their numbers 0, 1, … where there are none.</summary>
    protected JsonNode?[] Values(string name, int count) =>
        trace[name] is JsonArray given ? [.. given] : [.. Enumerable.Range(0, count).Select(i => (JsonNode?)(double)i)];

    protected int Count(string name) => (trace[name] as JsonArray)?.Count ?? 0;
}
