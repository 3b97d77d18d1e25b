namespace EfQat.Training;

/// <summary>What is said of repeated measurements.</summary>
public static class Statistics
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

    /// <summary>The sample standard deviation; null for one value.</summary>
    public static double? Deviation(IReadOnlyCollection<double> values)
    {
        double mean = values.Average();
        return values.Count > 1 ? Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1)) : null;
    }

    /// <summary>The median of the ratios turn by turn: noise that hits a whole turn cancels.</summary>
    public static double MedianRatio(IEnumerable<double> times, IEnumerable<double> reference) =>
        Median(times.Zip(reference, (time, other) => time / other));
}
