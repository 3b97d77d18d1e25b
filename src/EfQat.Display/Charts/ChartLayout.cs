using System.Text.Json.Nodes;

namespace EfQat.Display;

public static partial class Chart
{
    /// <summary>All traces on the same axes; where layouts disagree the later chart wins.</summary>
    public static GenericChart Combine(IEnumerable<GenericChart> gCharts)
    {
        GenericChart[] charts = [.. gCharts];
        return new(
            [.. charts.SelectMany(c => c.Traces)],
            charts.Aggregate(new JsonObject(), (layout, chart) => Json.Merge(layout, chart.Layout)));
    }

    /// <summary>Charts side by side, each on its own axes, filled row by row. A name in several charts has one legend entry.</summary>
    /// <exception cref="ArgumentException">There are more charts than cells.</exception>
    public static GenericChart Grid(
        IEnumerable<GenericChart> gCharts, int nRows, int nCols, IEnumerable<string>? SubPlotTitles = null)
    {
        GenericChart[] charts = [.. gCharts];
        if (charts.Length > nRows * nCols)
            throw new ArgumentException($"{charts.Length} charts do not fit a grid of {nRows} × {nCols}", nameof(gCharts));

        var layout = new JsonObject().Set("grid", new { rows = nRows, columns = nCols, pattern = "independent" });
        var traces = new List<JsonObject>();
        var names = new HashSet<string>();
        foreach (var (i, chart) in charts.Index())
        {
            var id = i == 0 ? "" : $"{i + 1}";
            layout.Set($"xaxis{id}", chart.Layout["xaxis"]?.DeepClone());
            layout.Set($"yaxis{id}", chart.Layout["yaxis"]?.DeepClone());
            foreach (var source in chart.Traces)
            {
                var trace = source.Copy().Set("xaxis", $"x{id}").Set("yaxis", $"y{id}");
                if ((string?)trace["name"] is { } name)
                    trace.Set("legendgroup", name).Set("showlegend", names.Add(name) ? null : false);
                if ((string?)trace["type"] == "heatmap")
                    trace.Set("colorbar", new { len = 1.0 / nRows, y = 1 - (i / nCols + 0.5) / nRows });
                traces.Add(trace);
            }
        }
        foreach (string ofAll in (string[])["barmode", "autotypenumbers"])
            layout.Set(ofAll, charts.Select(chart => chart.Layout[ofAll]).FirstOrDefault(value => value is not null)?.DeepClone());
        layout.Set("annotations", SubPlotTitles?.Select(SubPlotTitle));
        return new(traces, layout);
    }

    static object SubPlotTitle(string text, int index)
    {
        var id = index == 0 ? "" : $"{index + 1}";
        return new
        {
            text,
            showarrow = false,
            xref = $"x{id} domain",
            yref = $"y{id} domain",
            x = 0.5,
            y = 1.0,
            yanchor = "bottom",
            font = new { size = 14 },
        };
    }
}
