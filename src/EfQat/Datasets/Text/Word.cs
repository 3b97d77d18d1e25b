using System.Text;

namespace EfQat.Datasets;

/// <summary>A word of a text as BERT reads it, and where in the text each of its characters comes from.</summary>
internal sealed class Word
{
    private readonly StringBuilder letters = new();
    private readonly List<(int Start, int End)> origins = [];

    /// <summary>Lower case, without accents.</summary>
    public string Letters => letters.ToString();

    /// <summary>The range of the text that some letters come from.</summary>
    public (int Start, int End) Origin(int first, int end) => (origins[first].Start, origins[end - 1].End);

    /// <summary>Splits at white space, and around punctuation and ideographs.</summary>
    public static IReadOnlyList<Word> Split(string text)
    {
        var words = new List<Word>();
        var word = new Word();
        int start = 0, end;
        foreach (var rune in text.EnumerateRunes())
        {
            end = start + rune.Utf16SequenceLength;
            if (Uncased.IsSpace(rune)) Finish();
            else if (Uncased.IsAccent(rune)) word.Extend(end);
            else if (!Uncased.IsIgnored(rune)) Add(rune);
            start = end;
        }
        Finish();
        return words;

        void Add(Rune rune)
        {
            bool ideograph = Uncased.IsIdeograph(rune);
            foreach (var letter in Uncased.Simplify(rune).EnumerateRunes())
            {
                bool alone = ideograph || Uncased.IsPunctuation(letter);
                if (alone) Finish();
                word.Append(letter, start, end);
                if (alone) Finish();
            }
        }

        void Finish()
        {
            if (word.origins.Count == 0) return;
            words.Add(word);
            word = new();
        }
    }

    private void Append(Rune letter, int start, int end)
    {
        letters.Append(letter.ToString());
        for (int i = 0; i < letter.Utf16SequenceLength; i++) origins.Add((start, end));
    }

    private void Extend(int end)
    {
        if (origins.Count > 0) origins[^1] = (origins[^1].Start, end);
    }
}
