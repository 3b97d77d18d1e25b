namespace EfQat.Jupyter.Magics;

/// <summary>A part of a cell: code in one language, or a command on a line of its own.</summary>
abstract record CellPart
{
    /// <param name="Language">As after <c>#!</c>.</param>
    /// <param name="Text">With a blank line for each line of the cell before it, so that errors point to the right one.</param>
    public sealed record Code(string Language, string Text) : CellPart;

    /// <param name="Name">Without <c>#!</c>.</param>
    /// <param name="Arguments">The words after it.</param>
    /// <param name="Language">Of the code around it.</param>
    public sealed record Command(string Name, string[] Arguments, string Language) : CellPart;
}

/// <summary>Takes a cell apart at its <c>#!</c> lines.</summary>
static class CellParser
{
    public static IReadOnlyList<CellPart> Parse(string cell, string language, IReadOnlySet<string> languages)
    {
        List<CellPart> parts = [];
        List<string> lines = [];
        void Flush(int blanks)
        {
            if (lines.Any(line => line.Trim().Length > 0)) parts.Add(new CellPart.Code(language, string.Join('\n', lines)));
            lines = [.. Enumerable.Repeat("", blanks)];
        }

        string[] all = cell.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < all.Length; i++)
        {
            string[] words = all[i].StartsWith("#!") ? all[i][2..].Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries) : [];
            if (words is not [var name, .. var arguments])
            {
                lines.Add(all[i]);
                continue;
            }
            Flush(i + 1);
            if (languages.Contains(name)) language = name;
            else parts.Add(new CellPart.Command(name, arguments, language));
        }
        Flush(0);
        return parts;
    }
}
