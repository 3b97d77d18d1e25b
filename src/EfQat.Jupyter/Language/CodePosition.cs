namespace EfQat.Jupyter.Language;

/// <summary>The protocol counts Unicode code points, C# counts UTF-16 units.</summary>
static class CodePosition
{
    public static int ToUtf16(string code, int points) => code.EnumerateRunes().Take(points).Sum(rune => rune.Utf16SequenceLength);

    public static int FromUtf16(string code, int units) => code[..units].EnumerateRunes().Count();
}
