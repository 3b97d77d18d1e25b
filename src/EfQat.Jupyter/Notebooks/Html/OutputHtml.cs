using System.Net;
using System.Text.Json.Nodes;

namespace EfQat.Jupyter.Notebooks.Html;

/// <summary>A saved output as HTML, in the richest of its forms.</summary>
static class OutputHtml
{
    /// <summary>The richest first; a text in each becomes HTML by its function.</summary>
    static readonly (string MimeType, Func<string, MarkdownHtml, string> ToHtml)[] Forms =
    [
        ("text/html", (text, _) => text),
        ("text/markdown", (text, markdown) => markdown.Convert(text)),
        ("image/svg+xml", (text, _) => Image("image/svg+xml", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text)))),
        ("image/png", (text, _) => Image("image/png", text)),
        ("image/jpeg", (text, _) => Image("image/jpeg", text)),
        ("image/gif", (text, _) => Image("image/gif", text)),
        ("application/javascript", (text, _) => $"<script>{text}</script>"),
        ("text/plain", (text, _) => $"<pre>{AnsiText.ToHtml(text)}</pre>"),
    ];

    public static string Of(JsonObject output, MarkdownHtml markdown) => $"{output["output_type"]}" switch
    {
        "stream" => $"<pre class=\"{WebUtility.HtmlEncode($"{output["name"]}")}\">{AnsiText.ToHtml(NotebookJson.Text(output["text"]) ?? "")}</pre>\n",
        "error" => $"<pre class=\"error\">{AnsiText.ToHtml(string.Join('\n', output["traceback"] as JsonArray ?? []))}</pre>\n",
        _ => Richest(output["data"] as JsonObject ?? [], markdown),
    };

    static string Richest(JsonObject data, MarkdownHtml markdown)
    {
        foreach (var (mimeType, toHtml) in Forms)
            if (NotebookJson.Text(data[mimeType]) is { } text) return $"<div>{toHtml(text, markdown)}</div>\n";
        return "";
    }

    static string Image(string mimeType, string base64) => $"<img alt=\"\" src=\"data:{mimeType};base64,{base64.ReplaceLineEndings("")}\">";
}
