using System.Globalization;
using System.Text;

namespace EfQat.Datasets;

/// <summary>
/// What BERT's uncased vocabulary makes of a character: lower case, canonically decomposed, without accents. The decompositions are Unicode's,
/// in accents.txt: a line has a letter, a space, and its accented forms. .NET has none of its own under invariant globalization.
/// </summary>
internal static class Uncased
{
    private const int Hangul = 0xAC00, HangulEnd = 0xD7A3;
    private static readonly Dictionary<int, string> Plain = Read();

    /// <summary>Lower case without accents; one character, or a few.</summary>
    public static string Simplify(Rune rune)
    {
        var lower = Rune.ToLowerInvariant(rune);
        return lower.Value is >= Hangul and <= HangulEnd ? Jamo(lower.Value - Hangul) : Plain.GetValueOrDefault(lower.Value) ?? lower.ToString();
    }

    /// <summary>White space, between words.</summary>
    public static bool IsSpace(Rune rune) => rune.Value is '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    /// <summary>What leaves no trace: control and format characters, private and unassigned ones, and what stands for undecodable bytes.</summary>
    public static bool IsIgnored(Rune rune) => rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    /// <summary>An accent written as a character of its own.</summary>
    public static bool IsAccent(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark;

    /// <summary>Unicode's punctuation, and all that ASCII has besides letters, digits and white space.</summary>
    public static bool IsPunctuation(Rune rune) => rune.IsAscii ? rune.Value > ' ' && !Rune.IsLetterOrDigit(rune) : Rune.IsPunctuation(rune);

    /// <summary>A Chinese character, as also Japanese and Korean use them: each is a word. Kana and Hangul are not.</summary>
    public static bool IsIdeograph(Rune rune) => rune.Value
        is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0xF900 and <= 0xFAFF
        or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2CEAF or >= 0x2F800 and <= 0x2FA1F;

    /// <summary>A Korean syllable is composed arithmetically (Unicode, §3.12).</summary>
    private static string Jamo(int syllable)
    {
        var (lead, vowel, tail) = (0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28, syllable % 28);
        return tail == 0 ? $"{(char)lead}{(char)vowel}" : $"{(char)lead}{(char)vowel}{(char)(0x11A7 + tail)}";
    }

    private static Dictionary<int, string> Read()
    {
        using var reader = new StreamReader(typeof(Uncased).Assembly.GetManifestResourceStream("accents.txt")!);
        var plain = new Dictionary<int, string>();
        while (reader.ReadLine() is { } line)
        {
            int space = line.IndexOf(' ');
            foreach (var accented in line[(space + 1)..].EnumerateRunes()) plain[accented.Value] = line[..space];
        }
        return plain;
    }
}
