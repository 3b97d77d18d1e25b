using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using EfQat.Display;

namespace EfQat.Jupyter.Notebooks.Html;

/// <summary>A notebook as one page that needs no network: text, formulas, coloured code, and the outputs it was saved with.</summary>
public static class NotebookPage
{
    static readonly Lazy<string> Style = new(() =>
    {
        using var reader = new StreamReader(typeof(NotebookPage).Assembly.GetManifestResourceStream("notebook.css")!);
        return Report.Style + reader.ReadToEnd();
    });

    /// <summary>The page. KaTeX (0.7 MB with its fonts) is in it where the notebook has formulas.</summary>
    public static string Of(NotebookFile notebook)
    {
        var markdown = new MarkdownHtml(Path.GetDirectoryName(notebook.Path)!);
        var body = string.Concat(notebook.Cells.Select(cell => Section(cell, markdown)));
        var title = markdown.Headings is [{ Text: var first }, ..] ? first : Path.GetFileNameWithoutExtension(notebook.Path);
        int place = body.IndexOf("</h1>") is >= 0 and var end ? end + "</h1>".Length : 0;
        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{WebUtility.HtmlEncode(title)}</title>
            <style>
            {Style.Value}</style>
            {(markdown.HasFormulas ? Katex.Style : "")}</head>
            <body>
            <main>
            {body.Insert(place, Contents(markdown.Headings))}</main>
            {(markdown.HasFormulas ? Katex.Script : "")}</body>
            </html>

            """;
    }

    static string Section(NotebookCell cell, MarkdownHtml markdown) => cell.Kind switch
    {
        "markdown" => $"<section>\n{markdown.Convert(cell.Source, cell.Attachments)}</section>\n",
        "code" => $"{Code(cell.Source)}{Outputs(cell, markdown)}",
        _ => "",
    };

    static string Code(string source) => source.Trim().Length == 0 ? "" : $"<pre class=\"cell\"><code>{CodeHtml.Of(source)}</code></pre>\n";

    static string Outputs(NotebookCell cell, MarkdownHtml markdown) => cell.Outputs is { Count: > 0 } outputs
        ? $"<div class=\"outputs\">\n{string.Concat(outputs.OfType<JsonObject>().Select(output => OutputHtml.Of(output, markdown)))}</div>\n"
        : "";

    static string Contents(IReadOnlyList<Heading> headings)
    {
        var list = new StringBuilder();
        foreach (var (level, id, text) in headings.Where(h => h.Level is 2 or 3))
            list.Append($"<li class=\"level{level}\"><a href=\"#{id}\">{WebUtility.HtmlEncode(text)}</a></li>\n");
        return list.Length == 0 ? "" : $"""

            <nav><details open><summary>Contents</summary>
            <ul>
            {list}</ul></details></nav>
            <script>if (!matchMedia("(min-width: 92rem)").matches) document.querySelector("nav details").open = false;</script>

            """;
    }
}
