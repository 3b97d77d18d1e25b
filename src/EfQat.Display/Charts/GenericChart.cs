using System.Text.Json.Nodes;

namespace EfQat.Display;

/// <summary>A Plotly figure: traces and layout. Unchangeable; every With… gives a new one.</summary>
/// <param name="Traces">What is drawn, one JSON object a trace.</param>
/// <param name="Layout">Axes, title, legend, size.</param>
public sealed record GenericChart(IReadOnlyList<JsonObject> Traces, JsonObject Layout) : IDisplayable
{
    /// <summary>The figure as plotly.js 3 reads it: <c>{"data": […], "layout": {…}}</c>.</summary>
    public string ToJson() => new JsonObject
    {
        ["data"] = new JsonArray([.. Traces.Select(t => t.DeepClone())]),
        ["layout"] = Layout.DeepClone(),
    }.ToJsonString(Json.Line);

    /// <summary>A page of its own with only this chart, plotly.js included.</summary>
    public string ToHtml() => new Report(TitleText ?? "Chart", showTitle: false).Chart(this).ToHtml();

    /// <summary>Writes <see cref="ToHtml"/> to a file.</summary>
    public void SaveHtml(string path) => WholeFile.Write(path, ToHtml());

    /// <summary>A static picture: an SVG that needs no script, 760 × 400 pixels unless the layout has a size.</summary>
    /// <exception cref="NotSupportedException">A trace is of a kind that <see cref="Chart"/> does not offer.</exception>
    public string ToSvg() => Picture.Of(this);

    /// <summary>
    /// For notebooks: plotly's own form, HTML with the static picture and the interactive chart where the page runs scripts, and a line of text.
    /// </summary>
    public MimeBundle ToMimeBundle() => NotebookChart.Of(this);

    internal string? TitleText => (string?)Layout["title"]?["text"];

    internal GenericChart WithLayout(params (string Path, object? Value)[] fields)
    {
        var layout = Layout.Copy();
        foreach (var (path, value) in fields)
            layout.Set(path, value);
        return this with { Layout = layout };
    }
}
