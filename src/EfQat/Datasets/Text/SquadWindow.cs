namespace EfQat.Datasets;

/// <summary>How questions become inputs, and logits answers; the defaults are those of BERT's own experiments (arXiv 1810.04805).</summary>
/// <param name="MaxLength">Tokens of an input.</param>
/// <param name="Stride">Tokens from the beginning of one window to the next.</param>
/// <param name="MaxQuestion">Tokens of a question; what is longer loses its end.</param>
/// <param name="Candidates">Starts and ends looked at in a window, and answers kept.</param>
/// <param name="MaxAnswer">Tokens of an answer.</param>
public sealed record SquadOptions(int MaxLength = 384, int Stride = 128, int MaxQuestion = 64, int Candidates = 20, int MaxAnswer = 30);

/// <summary>A question with as much of its paragraph as fits: [CLS] question [SEP] part [SEP].</summary>
/// <param name="Question">What is asked.</param>
/// <param name="Input">Labels: first and last token of the first answer; 0, 0 where it is not wholly inside.</param>
/// <param name="Part">The paragraph's tokens in this window; the first stands at <see cref="TokenSequence.Second"/>.</param>
public sealed record SquadWindow(SquadQuestion Question, TokenSequence Input, ArraySegment<Token> Part)
{
    /// <summary>Slides over every paragraph.</summary>
    /// <exception cref="UserError">The options leave no room for the paragraph, or windows that skip tokens.</exception>
    public static IReadOnlyList<SquadWindow> Of(IEnumerable<SquadQuestion> questions, WordPiece tokenizer, SquadOptions? options = null)
    {
        var chosen = options ?? new();
        if (chosen.Stride < 1 || chosen.MaxLength - chosen.MaxQuestion - 3 < chosen.Stride)
            throw new UserError(
                $"windows of {chosen.MaxLength} tokens with questions of up to {chosen.MaxQuestion} do not overlap at a stride of {chosen.Stride}; " +
                "use for instance 384, 64 and 128");
        var paragraphs = new Dictionary<string, Token[]>();
        return [.. questions.SelectMany(question =>
        {
            if (!paragraphs.TryGetValue(question.Context, out var paragraph))
                paragraphs[question.Context] = paragraph = tokenizer.Tokenize(question.Context);
            return Slide(question, paragraph, tokenizer, chosen);
        })];
    }

    private static IEnumerable<SquadWindow> Slide(SquadQuestion question, Token[] paragraph, WordPiece tokenizer, SquadOptions options)
    {
        var asked = tokenizer.Tokenize(question.Question);
        if (asked.Length > options.MaxQuestion) asked = asked[..options.MaxQuestion];
        int room = options.MaxLength - asked.Length - 3;
        for (int start = 0; ; start += options.Stride)
        {
            var part = new ArraySegment<Token>(paragraph, start, Math.Min(room, paragraph.Length - start));
            yield return new(question, TokenSequence.Of(tokenizer, asked, part, Labels(question.Answers[0], part, asked.Length + 2)), part);
            if (start + room >= paragraph.Length) yield break;
        }
    }

    private static long[] Labels(SquadAnswer answer, ArraySegment<Token> part, int offset)
    {
        int end = answer.Start + answer.Text.Length;
        bool inside = part.Count > 0 && part[0].Start <= answer.Start && part[^1].End >= end;
        int first = Array.FindIndex(part.Array!, part.Offset, part.Count, token => token.End > answer.Start) - part.Offset;
        int last = Array.FindLastIndex(part.Array!, part.Offset + part.Count - 1, part.Count, token => token.Start < end) - part.Offset;
        return inside && first <= last ? [offset + first, offset + last] : [0, 0];
    }
}
