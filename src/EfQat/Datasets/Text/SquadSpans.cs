namespace EfQat.Datasets;

/// <summary>An answer that the model considers.</summary>
/// <param name="Text">As it stands in the paragraph.</param>
/// <param name="Score">Start logit + end logit.</param>
/// <param name="Probability">Among the answers considered.</param>
public readonly record struct SquadSpan(string Text, float Score, double Probability);

/// <summary>A window and what the model said of each of its tokens.</summary>
/// <param name="Window">The input.</param>
/// <param name="Start">Logits. // [L]</param>
/// <param name="End">Logits. // [L]</param>
public readonly record struct SquadOutput(SquadWindow Window, float[] Start, float[] End);

/// <summary>
/// Answers from logits, as in SQuAD v1.1 where every question has one: of all windows of a question, the span of the paragraph, not longer than
/// allowed, whose start and end logit have the highest sum.
/// </summary>
public static class SquadSpans
{
    /// <param name="outputs">All windows of one question.</param>
    /// <param name="options">How many candidates, and how long an answer.</param>
    /// <returns>The best first; empty where a paragraph has no token.</returns>
    public static IReadOnlyList<SquadSpan> Best(IEnumerable<SquadOutput> outputs, SquadOptions? options = null)
    {
        var chosen = options ?? new();
        var best = outputs.SelectMany(output => Candidates(output, chosen)).OrderByDescending(span => span.Score).Take(chosen.Candidates).ToArray();
        double total = best.Sum(span => Math.Exp(span.Score - best[0].Score));
        return [.. best.Select(span => span with { Probability = Math.Exp(span.Score - best[0].Score) / total })];
    }

    private static IEnumerable<SquadSpan> Candidates(SquadOutput output, SquadOptions options)
    {
        var (part, offset, context) = (output.Window.Part, output.Window.Input.Second, output.Window.Question.Context);
        int[] Highest(float[] logits) =>
            [.. Enumerable.Range(0, part.Count).OrderByDescending(token => logits[offset + token]).Take(options.Candidates)];
        int[] ends = Highest(output.End);
        return
            from start in Highest(output.Start)
            from end in ends
            where start <= end && end - start < options.MaxAnswer
            select new SquadSpan(context[part[start].Start..part[end].End], output.Start[offset + start] + output.End[offset + end], 0);
    }
}
