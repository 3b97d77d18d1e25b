namespace EfQat.Quantization;

/// <summary>The start of LSQ+'s weights (arXiv 2004.09576, §3.2): s = max(|μ − 3σ|, |μ + 3σ|) / 2^(b−1).</summary>
public sealed class ThreeSigmaObserver : Observer
{
    private double sum, squares, count;

    /// <inheritdoc/>
    public override (float Scale, float ZeroPoint) Compute(Grid grid)
    {
        if (count == 0) return grid.FromRange(0, 0);
        double mean = sum / count, deviation = Math.Sqrt(Math.Max(0, squares / count - mean * mean));
        if (!grid.Symmetric) return grid.FromRange(mean - 3 * deviation, mean + 3 * deviation);
        double scale = Math.Max(Math.Abs(mean - 3 * deviation), Math.Abs(mean + 3 * deviation)) / (grid.Signed ? 1 << (grid.Bits - 1) : grid.QMax);
        return (scale >= 1e-30 ? (float)scale : 1, 0);
    }

    /// <inheritdoc/>
    protected override void Take(Tensor x, double min, double max)
    {
        sum += x.sum(float64).item<double>();
        squares += x.square().sum(float64).item<double>();
        count += x.numel();
    }
}
