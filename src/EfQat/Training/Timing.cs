namespace EfQat.Training;

/// <summary>What is said of repeated measurements.</summary>
public static class Timing
{
    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length > 0
            ? (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2
            : throw new ArgumentException("there is no value to take the median of", nameof(values));
    }

    /// <summary>The median of the ratios turn by turn: noise that hits a whole turn cancels.</summary>
    public static double MedianRatio(IEnumerable<double> times, IEnumerable<double> reference) =>
        Median(times.Zip(reference, (time, other) => time / other));
}
