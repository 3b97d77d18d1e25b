namespace EfQat.Backward;

/// <summary>Multiply-adds that the backward passes of this process really did in convolutions and matrix products.</summary>
/// <param name="InputGradient">For ∂L/∂X.</param>
/// <param name="WeightGradient">For ∂L/∂W, of the unfrozen rows only.</param>
public readonly record struct MultiplyAdds(long InputGradient, long WeightGradient)
{
    private static long input, weight;

    /// <summary>Counted since the process began; subtract an earlier reading.</summary>
    public static MultiplyAdds Now => new(Interlocked.Read(ref input), Interlocked.Read(ref weight));

    /// <summary>Both together.</summary>
    public long Total => InputGradient + WeightGradient;

    /// <summary>What was done between two readings.</summary>
    public static MultiplyAdds operator -(MultiplyAdds later, MultiplyAdds earlier) =>
        new(later.InputGradient - earlier.InputGradient, later.WeightGradient - earlier.WeightGradient);

    internal static void AddInput(long count) => Interlocked.Add(ref input, count);

    internal static void AddWeight(long count) => Interlocked.Add(ref weight, count);
}
