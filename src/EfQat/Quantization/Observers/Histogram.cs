namespace EfQat.Quantization;

/// <summary>Counts of values in equal bins over a range that grows: when it must, the range doubles and bins merge in pairs.</summary>
internal sealed class Histogram(int bins)
{
    private double[] counts = new double[bins];

    /// <summary>The range is [−Bound, Bound].</summary>
    public double Bound { get; private set; }

    public double[] Counts => counts;

    public double Width => 2 * Bound / bins;

    /// <summary>The middle of a bin.</summary>
    public double Centre(int bin) => -Bound + (bin + 0.5) * Width;

    public void Add(Tensor x, double min, double max)
    {
        double reach = Math.Max(Math.Abs(min), Math.Abs(max));
        if (Bound == 0) Bound = reach;
        while (Bound < reach) Double();
        double scale = Bound == 0 ? 0 : bins / (2 * Bound);
        foreach (float value in x.flatten().contiguous().data<float>().ToArray())
            counts[Math.Clamp((int)((value + Bound) * scale), 0, bins - 1)]++;
    }

    private void Double()
    {
        if (Bound == 0) return;
        var merged = new double[bins];
        for (int i = 0; i < bins; i++) merged[bins / 4 + i / 2] += counts[i];
        (counts, Bound) = (merged, 2 * Bound);
    }
}
