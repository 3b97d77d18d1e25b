namespace EfQat.PostTraining;

/// <summary>One search of EasyQuant: the scales of a layer's filters, or the scale of an activation.</summary>
/// <param name="Name">The layer, or the quantizer.</param>
/// <param name="OfWeights">Which of the two.</param>
/// <param name="Round">From 1.</param>
/// <param name="Before">The objective with the start: the mean cosine of the outputs that the scales decide.</param>
/// <param name="After">With what was found; never less.</param>
/// <param name="Curve">The objective at each candidate, the start first; of weights the mean over the filters, each compared alone.</param>
public sealed record ScaleSearch(string Name, bool OfWeights, int Round, double Before, double After, IReadOnlyList<double> Curve)
{
    private const double Tie = 1e-8;  // less is rounding: a scale must not move for it

    /// <summary>The first of the highest values; the start, which is first of all, is kept on ties.</summary>
    internal static int Best(IReadOnlyList<double> cosines)
    {
        int best = 0;
        for (int i = 1; i < cosines.Count; i++)
            if (cosines[i] > cosines[best] + Tie) best = i;
        return best;
    }
}

/// <summary>How far EasyQuant is.</summary>
/// <param name="Done">Searches done.</param>
/// <param name="Total">Of so many.</param>
/// <param name="Last">The last one.</param>
public readonly record struct EasyQuantProgress(int Done, int Total, ScaleSearch Last);
