namespace EfQat.Quantization;

/// <summary>The range from the least to the greatest value seen.</summary>
public sealed class MinMaxObserver : Observer
{
    private double min, max;

    /// <inheritdoc/>
    public override (float Scale, float ZeroPoint) Compute(Grid grid) => grid.FromRange(min, max);

    /// <inheritdoc/>
    protected override void Take(Tensor x, double min, double max) => (this.min, this.max) = (Math.Min(this.min, min), Math.Max(this.max, max));
}
