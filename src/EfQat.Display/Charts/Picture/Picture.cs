using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>
/// A chart as an SVG that needs no script: for GitHub, exported pages and print. It brings its own paper, light or dark as the reader's
/// setting asks, so that it reads well on any page.
/// </summary>
static class Picture
{
    const double Margin = 12;

    public static string Of(GenericChart chart)
    {
        var figure = JsonNode.Parse(chart.ToJson())!.AsObject();  // numbers as numbers, whatever .NET type they came from
        var layout = figure["layout"]!.AsObject();
        JsonObject[] traces = [.. figure["data"]!.AsArray().Select(t => t!.AsObject())];
        var (width, height) = ((double?)layout["width"] ?? 760, (double?)layout["height"] ?? 400);
        var svg = Svg.Node(
            "svg", ("viewBox", $"0 0 {Svg.Number(width)} {Svg.Number(height)}"), ("width", width), ("height", height), ("role", "img"));
        var style = Svg.Node("style");
        style.Value = ChartTheme.Style;
        svg.Add(style, Svg.Node("rect", ("class", "paper"), ("width", width), ("height", height), ("rx", 6.0)));

        Marks[] marks = [.. traces.Select((trace, i) => Marks.Of(trace, ChartTheme.Colorway[i % ChartTheme.Colorway.Length]))];
        var (top, bottom) = (Margin, height - Margin);
        if (chart.TitleText is { } title)
        {
            svg.Add(Svg.Text("ink title", Margin, 24, title));
            top += 32;
        }
        Marks[] named = [.. marks.Where(m => m.Name is not null && (m.ShowLegend ?? (marks.Length > 1 && m is not HeatmapMarks)))];
        if (named.Length > 0)
            bottom = Legend(svg, named, width, bottom);

        var grid = layout["grid"];
        var (rows, columns) = ((int?)grid?["rows"] ?? 1, (int?)grid?["columns"] ?? 1);
        var titles = (layout["annotations"] as JsonArray ?? []).ToLookup(a => (string?)a!["xref"], a => (string?)a!["text"]);
        foreach (var (panel, i) in marks.Zip(traces).GroupBy(p => (string?)p.Second["xaxis"] ?? "x").Select(g => (g, Number(g.Key))))
        {
            var id = panel.Key[1..];
            var (w, h) = ((width - Margin) / columns, (bottom - top) / rows);
            var (left, above) = (Margin + i % columns * w, top + i / columns * h);
            svg.Add(new Panel(
                panel.Select(p => p.First), layout[$"xaxis{id}"] as JsonObject, layout[$"yaxis{id}"] as JsonObject,
                titles[$"x{id} domain"].FirstOrDefault(), (string?)layout["barmode"] == "stack").Draw(left, above, left + w, above + h));
        }
        return svg.ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>Names under the plot from the left, in as many lines as they need; returns where they begin.</summary>
    static double Legend(XElement svg, Marks[] named, double width, double bottom)
    {
        List<List<(Marks Mark, double X)>> lines = [[]];
        var x = Margin;
        foreach (var mark in named)
        {
            var room = 22 + Svg.Width(mark.Name!) + 18;
            if (x + room > width && lines[^1].Count > 0)
            {
                lines.Add([]);
                x = Margin;
            }
            lines[^1].Add((mark, x));
            x += room;
        }
        var top = bottom - 20 * lines.Count;
        foreach (var (i, line) in lines.Index())
            foreach (var (mark, at) in line)
                svg.Add(mark.Key(at, top + 20 * i + 12), Svg.Text("soft", at + 22, top + 20 * i + 12, mark.Name!));
        return top - 4;
    }

    static int Number(string axis) => axis == "x" ? 0 : int.Parse(axis[1..]) - 1;
}
