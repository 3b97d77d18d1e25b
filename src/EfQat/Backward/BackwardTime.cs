using System.Diagnostics;

namespace EfQat.Backward;

/// <summary>Milliseconds that the backward passes of this process spent in each kind of work; what is missing to the whole is other work.</summary>
/// <param name="InputGradient">∂L/∂X of convolutions and linear layers.</param>
/// <param name="WeightGradient">∂L/∂W of the unfrozen rows.</param>
/// <param name="BatchNorm">Batch normalizations, with the fake-quantizers behind them: one pass does both.</param>
/// <param name="FakeQuantize">The other fake-quantizers, of activations and weights.</param>
public readonly record struct BackwardTime(double InputGradient, double WeightGradient, double BatchNorm, double FakeQuantize)
{
    private static readonly long[] Ticks = new long[Enum.GetValues<Part>().Length];

    internal enum Part { InputGradient, WeightGradient, BatchNorm, FakeQuantize }

    /// <summary>Measured since the process began; subtract an earlier reading.</summary>
    public static BackwardTime Now => new(Of(Part.InputGradient), Of(Part.WeightGradient), Of(Part.BatchNorm), Of(Part.FakeQuantize));

    /// <summary>All parts together.</summary>
    public double Total => InputGradient + WeightGradient + BatchNorm + FakeQuantize;

    /// <summary>What was spent between two readings.</summary>
    public static BackwardTime operator -(BackwardTime later, BackwardTime earlier) =>
        new(later.InputGradient - earlier.InputGradient, later.WeightGradient - earlier.WeightGradient,
            later.BatchNorm - earlier.BatchNorm, later.FakeQuantize - earlier.FakeQuantize);

    /// <summary>Does work and books its time.</summary>
    internal static T Measure<T>(Part part, Func<T> work)
    {
        long start = Stopwatch.GetTimestamp();
        T result = work();
        Interlocked.Add(ref Ticks[(int)part], Stopwatch.GetTimestamp() - start);
        return result;
    }

    /// <summary>Books seconds that were measured elsewhere.</summary>
    internal static void Add(Part part, double seconds) => Interlocked.Add(ref Ticks[(int)part], (long)(seconds * Stopwatch.Frequency));

    private static double Of(Part part) => Interlocked.Read(ref Ticks[(int)part]) * 1000.0 / Stopwatch.Frequency;
}
