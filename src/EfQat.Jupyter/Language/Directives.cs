using System.Text.RegularExpressions;

namespace EfQat.Jupyter.Language;

/// <summary><c>#r</c> and <c>#load</c>: taken out of a cell, blanks in their place so that positions stay.</summary>
static partial class Directives
{
    public static (string Code, string[] References, string[] Loads) Take(string code)
    {
        List<string> references = [], loads = [];
        var rest = Directive().Replace(code, match =>
        {
            (match.Groups[1].Value == "r" ? references : loads).Add(match.Groups[2].Value.Trim());
            return new string(' ', match.Length);
        });
        foreach (var file in loads)
            if (!File.Exists(file)) throw new UserError($"#load \"{file}\": no such file; paths start at the notebook's folder");
        return (rest, [.. references], [.. loads]);
    }

    [GeneratedRegex("""^[ \t]*#(r|load)[ \t]+"([^"\r\n]+)"[ \t;]*(?=\r?$)""", RegexOptions.Multiline)]
    private static partial Regex Directive();
}
