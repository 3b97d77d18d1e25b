namespace EfQat.Cli;

/// <summary>What is said of repeated measurements.</summary>
static class Timing
{
    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The median of the ratios turn by turn: noise that hits a whole turn cancels.</summary>
    public static double MedianRatio(IEnumerable<double> times, IEnumerable<double> reference) =>
        Median(times.Zip(reference, (time, other) => time / other));
}
