namespace EfQat.Quantization;

/// <summary>The range that leaves out a share of the values on either side.</summary>
/// <param name="percentile">The share kept below the upper end, in percent.</param>
public sealed class PercentileObserver(double percentile = 99.99) : Observer
{
    private readonly Histogram histogram = new(8192);
    private double min, max;

    /// <inheritdoc/>
    public override (float Scale, float ZeroPoint) Compute(Grid grid)
    {
        double outside = histogram.Counts.Sum() * (1 - percentile / 100);
        return grid.FromRange(Math.Max(min, End(outside, 0, 1)), Math.Min(max, End(outside, histogram.Counts.Length - 1, -1)));
    }

    /// <inheritdoc/>
    protected override void Take(Tensor x, double min, double max)
    {
        histogram.Add(x, min, max);
        (this.min, this.max) = (Math.Min(this.min, min), Math.Max(this.max, max));
    }

    /// <summary>The outer edge of the first bin, from one end, where more than a number of values lie outside or in it.</summary>
    private double End(double outside, int bin, int step)
    {
        double passed = 0;
        for (; bin >= 0 && bin < histogram.Counts.Length; bin += step)
            if ((passed += histogram.Counts[bin]) > outside) return histogram.Centre(bin) - step * histogram.Width / 2;
        return 0;
    }
}
