using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace EfQat.Jupyter.Notebooks.Html;

/// <summary>Terminal text as HTML: colours and weights become spans, other control sequences vanish.</summary>
static partial class AnsiText
{
    static readonly string[] Colors = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

    public static string ToHtml(string text)
    {
        var html = new StringBuilder();
        SortedSet<string> style = [];
        var shown = Redrawn().Replace(text, "");
        int start = 0;
        foreach (Match sequence in Sequence().Matches(shown))
        {
            Append(shown[start..sequence.Index]);
            start = sequence.Index + sequence.Length;
            if (sequence.Groups["codes"] is { Success: true, Value: var codes })
                foreach (var code in codes.Split(';')) Change(style, int.TryParse(code, out int number) ? number : 0);
        }
        Append(shown[start..]);
        return html.ToString();

        void Append(string part)
        {
            if (part.Length == 0) return;
            var encoded = WebUtility.HtmlEncode(part);
            html.Append(style.Count == 0 ? encoded : $"<span class=\"{string.Join(' ', style)}\">{encoded}</span>");
        }
    }

    static void Change(SortedSet<string> style, int code)
    {
        if (code == 0) style.Clear();
        if (code == 1) style.Add("ansi-bold");
        if (code == 2) style.Add("ansi-dim");
        if (code == 22) style.ExceptWith(["ansi-bold", "ansi-dim"]);
        if (code is >= 30 and <= 39 or >= 90 and <= 97) style.RemoveWhere(name => name is not ("ansi-bold" or "ansi-dim"));
        if (code is >= 30 and <= 37 or >= 90 and <= 97) style.Add($"ansi-{Colors[code % 10]}");
    }

    [GeneratedRegex(@"\e\[(?:(?<codes>[0-9;]*)m|[0-9;?]*[A-Za-z])")]
    private static partial Regex Sequence();

    /// <summary>What a carriage return writes over.</summary>
    [GeneratedRegex(@"[^\n]*\r(?!\n|$)")]
    private static partial Regex Redrawn();
}
