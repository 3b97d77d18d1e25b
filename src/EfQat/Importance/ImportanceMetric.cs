namespace EfQat.Importance;

/// <summary>What a block's importance is the mean magnitude of. The paper's is <see cref="Magnitude"/>; the others tell what it is worth.</summary>
public enum ImportanceMetric
{
    /// <summary>|w| (EfQAT, arXiv 2411.11038).</summary>
    Magnitude,

    /// <summary>|∂L/∂w| of one batch.</summary>
    Gradient,

    /// <summary>|w · ∂L/∂w| of one batch: what the loss would change by without the weight, to first order.</summary>
    MagnitudeTimesGradient,

    /// <summary>Drawn anew for every choice.</summary>
    Random,

    /// <summary>The paper's ranking turned around.</summary>
    LeastMagnitude,
}

/// <summary>The numbers behind each metric.</summary>
public static class ImportanceMetrics
{
    /// <summary>Whether it needs a batch.</summary>
    public static bool NeedsGradient(this ImportanceMetric metric) => metric is ImportanceMetric.Gradient or ImportanceMetric.MagnitudeTimesGradient;

    /// <summary>A tensor whose mean magnitude over a block is the block's importance.</summary>
    /// <param name="metric">Which.</param>
    /// <param name="weight">A layer's weights. // [out, …]</param>
    /// <param name="gradient">∂L/∂w, where the metric needs it. // [out, …]</param>
    /// <param name="mode">Whether blocks are channels or whole layers.</param>
    public static Tensor Of(this ImportanceMetric metric, Tensor weight, Tensor? gradient, FreezingMode mode)
    {
        long blocks = mode == FreezingMode.LayerWisePerNetwork ? 1 : weight.shape[0];
        return metric switch
        {
            ImportanceMetric.Magnitude => weight.detach(),
            ImportanceMetric.Gradient => gradient!,
            ImportanceMetric.MagnitudeTimesGradient => weight.detach() * gradient!,
            ImportanceMetric.Random => rand(blocks, 1).expand(weight.shape[0], 1),
            ImportanceMetric.LeastMagnitude => (1 / weight.detach().abs().reshape(blocks, -1).mean([1], keepdim: true)).expand(weight.shape[0], 1),
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "no such metric"),
        };
    }
}
