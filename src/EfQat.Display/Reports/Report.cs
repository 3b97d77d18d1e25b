using System.Net;
using System.Text;

namespace EfQat.Display;

/// <summary>
/// A result page in one file: text, tables and charts, with styles and plotly.js inside. It opens without a network,
/// follows the reader's light or dark setting, fits a phone, and prints.
/// </summary>
/// <param name="title">The page's title.</param>
/// <param name="showTitle">Whether the title also heads the page.</param>
public sealed class Report(string title, bool showTitle = true)
{
    readonly StringBuilder body = new();
    readonly List<(string Name, string Value)> facts = [];
    bool hasCharts;

    /// <summary>The style sheet of the pages, for others that shall look alike.</summary>
    public static string Style => Plotly.Resource("report.css");

    /// <summary>Adds a heading.</summary>
    public Report Section(string heading) => Append($"<h2>{Encode(heading)}</h2>\n");

    /// <summary>Adds a paragraph of plain text.</summary>
    public Report Paragraph(string text) => Append($"<p>{Encode(text)}</p>\n");

    /// <summary>Adds one line under the title that says what was measured.</summary>
    public Report Lead(string text) => Append($"<p class=\"lead\">{Encode(text)}</p>\n");

    /// <summary>Adds a table, with a caption where given.</summary>
    public Report Table(ResultTable table, string? caption = null) =>
        Append($"<figure class=\"table\">\n{Caption(caption)}{table.ToHtml()}</figure>\n");

    /// <summary>Adds an interactive chart, with a caption where given.</summary>
    public Report Chart(GenericChart chart, string? caption = null)
    {
        hasCharts = true;
        return Append(
            $"<figure class=\"chart\">\n{Caption(caption)}<div></div>\n" +
            $"<script type=\"application/json\">{chart.ToJson().Replace("<", "\\u003C")}</script>\n</figure>\n");
    }

    /// <summary>Adds a part that is folded until the reader opens it.</summary>
    public Report Details(string summary, Action<Report> content)
    {
        Append($"<details>\n<summary>{Encode(summary)}</summary>\n");
        content(this);
        return Append("</details>\n");
    }

    /// <summary>Adds a line to the footer: machine, versions, seed, the command that makes this page again.</summary>
    public Report Fact(string name, string value)
    {
        facts.Add((name, value));
        return this;
    }

    /// <summary>The page.</summary>
    public string ToHtml() => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{Encode(title)}</title>
        <style>
        {Style}</style>
        </head>
        <body>
        <main>
        {(showTitle ? $"<h1>{Encode(title)}</h1>\n" : "")}{body}{Footer()}</main>
        {(hasCharts ? $"<script>{Plotly.Script}</script>\n<script>\n{ChartTheme.Script}{Plotly.Resource("report.js")}</script>\n" : "")}</body>
        </html>

        """;

    /// <summary>Writes the page to a file, whole or not at all.</summary>
    public void Save(string path) => WholeFile.Write(path, ToHtml());

    Report Append(string html)
    {
        body.Append(html);
        return this;
    }

    string Footer() => facts.Count == 0 ? ""
        : $"<footer>\n<dl>\n{string.Concat(facts.Select(f => $"<dt>{Encode(f.Name)}</dt><dd>{Encode(f.Value)}</dd>\n"))}</dl>\n</footer>\n";

    static string Caption(string? text) => text is null ? "" : $"<figcaption>{Encode(text)}</figcaption>\n";

    static string Encode(string text) => WebUtility.HtmlEncode(text);
}
