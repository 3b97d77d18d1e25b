using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace EfQat.Display;

/// <summary>
/// A chart as a notebook's output. GitHub and other pages without scripts show the static picture; where scripts run the interactive chart
/// takes its place. plotly.js comes with the first chart of a page, packed to 0.6 MB.
/// </summary>
public static class NotebookChart
{
    static readonly Lazy<string> Loader = new(() =>
        $"<script>\n{{\n{ChartTheme.Script}const plotly = \"{Packed(Plotly.Script)}\";\n{Plotly.Resource("notebook.js")}}}\n</script>\n");

    static int pageHasPlotly;
    static Cell? loadedBy;

    /// <summary>A new notebook begins: its first chart brings plotly.js again.</summary>
    public static void NewPage() => pageHasPlotly = 0;

    /// <summary>The forms of a chart; the first since <see cref="NewPage"/> brings plotly.js.</summary>
    public static MimeBundle Of(GenericChart chart)
    {
        bool isFirst = Interlocked.Exchange(ref pageHasPlotly, 1) == 0;
        if (isFirst) loadedBy = Cell.Current;
        return MimeBundle.Html(ToHtml(chart, withPlotly: isFirst), ToPlainText(chart)).With("application/vnd.plotly.v1+json", Figure(chart));
    }

    /// <summary>A cell's outputs leave the page; plotly.js may be among them.</summary>
    internal static void Cleared(Cell? cell)
    {
        if (cell == loadedBy) NewPage();
    }

    /// <summary>Whether this output is the one that brings plotly.js to its page.</summary>
    internal static bool BringsPlotly(MimeBundle bundle) =>
        Loader.IsValueCreated && bundle["text/html"]?.EndsWith(Loader.Value, StringComparison.Ordinal) == true;

    /// <summary>The HTML of a chart.</summary>
    /// <param name="chart">The chart.</param>
    /// <param name="withPlotly">Whether it brings plotly.js for itself and all other charts of the page.</param>
    public static string ToHtml(GenericChart chart, bool withPlotly)
    {
        var figure = chart.ToJson();
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(figure)))[..16];
        return
            $"<div data-chart=\"{id}\">{Picture(chart)}</div>\n" +
            $"<script>(window.efqatCharts ??= []).push({{\"id\":\"{id}\",{figure[1..].Replace("<", "\\u003C")});</script>\n" +
            (withPlotly ? Loader.Value : "");
    }

    /// <summary>The static picture as an element of HTML.</summary>
    internal static string Picture(GenericChart chart)
    {
        var svg = Convert.ToBase64String(Encoding.UTF8.GetBytes(chart.ToSvg()));
        return $"<img alt=\"{WebUtility.HtmlEncode(ToPlainText(chart))}\" src=\"data:image/svg+xml;base64,{svg}\">";
    }

    /// <summary>The figure with a template that reads well on light and on dark pages.</summary>
    static JsonNode Figure(GenericChart chart)
    {
        var figure = JsonNode.Parse(chart.WithLayout(("template", ChartTheme.Neutral.Template())).ToJson())!;
        figure["config"] = new JsonObject { ["responsive"] = true, ["displaylogo"] = false };
        return figure;
    }

    static string ToPlainText(GenericChart chart)
    {
        var traces = chart.Traces.Select(t => (string?)t["name"] is { } name ? $"{name} ({t["type"]})" : $"{t["type"]}");
        return $"{chart.TitleText ?? "Chart"}: {string.Join(", ", traces)}";
    }

    static string Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return Convert.ToBase64String(packed.ToArray());
    }
}
