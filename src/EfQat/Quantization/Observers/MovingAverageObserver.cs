namespace EfQat.Quantization;

/// <summary>Exponential moving averages of each tensor's extremes; the first tensor starts them.</summary>
public sealed class MovingAverageObserver(double momentum = 0.1) : Observer
{
    private (double Min, double Max)? range;

    /// <inheritdoc/>
    public override (float Scale, float ZeroPoint) Compute(Grid grid) => grid.FromRange(range?.Min ?? 0, range?.Max ?? 0);

    /// <inheritdoc/>
    protected override void Take(Tensor x, double min, double max) =>
        range = range is { } r ? (r.Min + momentum * (min - r.Min), r.Max + momentum * (max - r.Max)) : (min, max);
}
