using System.Diagnostics;

namespace EfQat.Integer.Kernels.Vnni;

/// <summary>A loop of vpdpbusd that touches registers only.</summary>
readonly unsafe struct VnniPeak : IJob
{
    const int Iterations = 20_000, Pieces = 10, BytesOfVector = 64;

    static readonly Lazy<nint> Code = new(() => (nint)MachineCode.Load(VnniAssembler.Peak()));

    /// <summary>Operations in a second, two for a multiply-add, of all threads together.</summary>
    public static double Measure(Workers workers)
    {
        _ = Code.Value;
        long start = Stopwatch.GetTimestamp();
        workers.Run(default(VnniPeak), workers.Threads * Pieces);
        return 2.0 * workers.Threads * Pieces * Iterations * VnniAssembler.MostSums * BytesOfVector / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <inheritdoc/>
    public void Run(int piece, int thread) => ((delegate* unmanaged<nint, void>)Code.Value)(Iterations);
}
