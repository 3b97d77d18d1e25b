using System.Net;
using System.Text.RegularExpressions;

namespace EfQat.Display;

/// <summary>KaTeX, embedded in this assembly at build with its fonts: formulas need no network.</summary>
public static partial class Katex
{
    static readonly Lazy<string> Sheet = new(() => FontFace().Replace(Plotly.Resource("katex.min.css"),
        match => $"src:url(data:font/woff2;base64,{Convert.ToBase64String(Font(match.Groups[1].Value))}) format(\"woff2\")"));

    /// <summary>For a page's head.</summary>
    public static string Style => $"<style>{Sheet.Value}</style>\n";

    /// <summary>For a page's end: draws each <see cref="Formula"/>; one that is wrong stays as it was written, in red.</summary>
    public static string Script => $$"""
        <script>{{Plotly.Resource("katex.min.js")}}</script>
        <script>
        for (const place of document.querySelectorAll(".math"))
          katex.render(place.textContent, place, { displayMode: place.classList.contains("display"), throwOnError: false });
        </script>

        """;

    /// <summary>A formula's place in the page; without scripts, its TeX source.</summary>
    public static string Formula(string tex, bool isDisplayed) =>
        $"<span class=\"math{(isDisplayed ? " display" : "")}\">{WebUtility.HtmlEncode(tex.Trim())}</span>";

    static byte[] Font(string name)
    {
        using var stream = typeof(Katex).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    [GeneratedRegex(@"src:url\(fonts/([\w-]+\.woff2)\)[^}]*?(?=[;}])")]
    private static partial Regex FontFace();
}
