namespace EfQat.Datasets;

/// <summary>One input of BERT, with its answer.</summary>
/// <param name="Tokens">[CLS] first [SEP], or [CLS] first [SEP] second [SEP].</param>
/// <param name="Second">Where the second text begins; the length where there is none.</param>
/// <param name="Labels">The class, or the first and last token of an answer.</param>
public sealed record TokenSequence(int[] Tokens, int Second, long[] Labels)
{
    /// <summary>One text, as a class is asked for.</summary>
    public static TokenSequence Of(WordPiece tokenizer, ReadOnlySpan<Token> text, long label)
    {
        int[] tokens = [tokenizer.Start, .. Ids(text), tokenizer.Separator];
        return new(tokens, tokens.Length, [label]);
    }

    /// <summary>Two texts, as an answer to the first is looked for in the second.</summary>
    public static TokenSequence Of(WordPiece tokenizer, ReadOnlySpan<Token> first, ReadOnlySpan<Token> second, long[] labels) =>
        new([tokenizer.Start, .. Ids(first), tokenizer.Separator, .. Ids(second), tokenizer.Separator], first.Length + 2, labels);

    private static int[] Ids(ReadOnlySpan<Token> tokens)
    {
        var ids = new int[tokens.Length];
        for (int i = 0; i < ids.Length; i++) ids[i] = tokens[i].Id;
        return ids;
    }
}
