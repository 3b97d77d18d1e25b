namespace EfQat.PostTraining;

/// <summary>
/// The scales to try. The paper's S multiplies, x·S: it is the inverse of our step. Candidates are linear over [Low·S, High·S].
/// </summary>
/// <param name="Low">Above 0.</param>
/// <param name="High">Above 0.</param>
/// <param name="Count">How many, at least 1.</param>
public sealed record ScaleRange(double Low, double High, int Count)
{
    /// <summary>Begins at S = 1 itself, whatever S the search starts from.</summary>
    public bool FromOne { get; init; }

    /// <summary>The steps 1/S to try, the start first.</summary>
    /// <exception cref="UserError">The range holds no candidate, or a scale that is not positive.</exception>
    public double[] Steps(double start)
    {
        if (Count < 1 || !(Low > 0) || !(High > 0))
            throw new UserError(
                $"scales from {Low}·S to {High}·S, {Count} candidates: use at least 1 candidate and positive factors, e.g. from 0.5 to 2");
        double from = FromOne ? 1 : Low / start, to = High / start;
        return [start, .. Enumerable.Range(0, Count).Select(i => 1 / (from + (to - from) * i / Math.Max(1, Count - 1)))];
    }
}
