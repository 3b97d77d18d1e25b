namespace EfQat.Integer.Kernels.Vnni;

/// <summary>A loop of vpdpbusd that touches registers only.</summary>
readonly unsafe struct VnniPeak : IJob
{
    const int BytesOfVector = 64;

    static readonly Lazy<nint> Code = new(() => (nint)MachineCode.Load(VnniAssembler.Peak()));

    /// <summary>Operations in a second, two for a multiply-add, of all threads together.</summary>
    public static double Measure(Workers workers)
    {
        _ = Code.Value;
        return IntegerPeak.Rate(default(VnniPeak), 2 * VnniAssembler.MostSums * BytesOfVector, workers);
    }

    /// <inheritdoc/>
    public void Run(int piece, int thread) => ((delegate* unmanaged<nint, void>)Code.Value)(IntegerPeak.Iterations);
}
