namespace EfQat.Quantization;

/// <summary>The start of learned step sizes (LSQ, arXiv 1902.08153, §2.1): s = 2 · mean |x| / √qmax, without a zero point.</summary>
public sealed class LsqObserver : Observer
{
    private double sum, count;

    /// <inheritdoc/>
    /// <exception cref="UserError">The grid has a zero point.</exception>
    public override (float Scale, float ZeroPoint) Compute(Grid grid)
    {
        if (!grid.Symmetric) throw new UserError("activations=lsq: LSQ has no zero point; add 'symmetric' to the scheme, e.g. W4A4,lsq");
        double scale = count == 0 ? 0 : 2 * sum / count / Math.Sqrt(grid.QMax);
        return (scale >= 1e-30 ? (float)scale : 1, 0);
    }

    /// <inheritdoc/>
    protected override void Take(Tensor x, double min, double max)
    {
        sum += x.abs().sum(float64).item<double>();
        count += x.numel();
    }
}
