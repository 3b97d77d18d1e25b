using System.Collections.Concurrent;
using System.Runtime.Intrinsics.X86;
using EfQat.Integer.Kernels.Tiles;

namespace EfQat.Integer.Kernels.Vnni;

using unsafe TileCode = delegate* unmanaged[SuppressGCTransition]<nint*, nint, nint, byte**, byte*, int*, void>;

/// <summary>A tile of <see cref="VnniAssembler"/>: its sums of bytes are exact whatever the bytes are.</summary>
readonly unsafe struct VnniTile : ITile
{
    const int Lanes = 16;

    /// <summary>By their vectors; assembled when first asked for.</summary>
    static readonly ConcurrentDictionary<int, VnniTile> All = new();

    static readonly Lazy<bool> Supported = new(IsThere);

    readonly TileCode words, codes;

    VnniTile(int vectors)
    {
        (Pixels, Vectors) = (VnniAssembler.Pixels(vectors), vectors);
        words = (TileCode)MachineCode.Load(VnniAssembler.Sums(vectors));
        codes = (TileCode)MachineCode.Load(VnniAssembler.Codes(vectors));
    }

    /// <summary>Whether the processor has AVX-512 VNNI, and the system lets a process make code.</summary>
    public static bool IsSupported => Supported.Value;

    /// <summary>The tile that leaves the fewest places empty, of these the widest: it loads least for a product.</summary>
    /// <param name="outputs">Output channels of a group.</param>
    public static VnniTile For(int outputs)
    {
        int[] widths = outputs <= Lanes ? [1] : [4, 3, 2];
        return All.GetOrAdd(widths.MinBy(vectors => (outputs + vectors * Lanes - 1) / (vectors * Lanes) * vectors), vectors => new(vectors));
    }

    /// <inheritdoc/>
    public int Pixels { get; }

    /// <inheritdoc/>
    public int Vectors { get; }

    /// <inheritdoc/>
    public bool AddsBytesExactly => true;

    /// <inheritdoc/>
    public void Words(Runs runs, byte** pixels, byte* weights, int* sums) => words(runs.Offsets, runs.Count, runs.Bytes, pixels, weights, sums);

    /// <inheritdoc/>
    public void Codes(Runs runs, int depth, Places places, byte* weights, CodeTable table, int place) =>
        codes(runs.Offsets, runs.Count, runs.Bytes, places.Addresses, weights, table.Row(place));

    static bool IsThere()
    {
        const int ExtendedFeatures = 7, Vnni = 1 << 11;
        if (!OperatingSystem.IsLinux() || !Avx512BW.IsSupported || (X86Base.CpuId(ExtendedFeatures, 0).Ecx & Vnni) == 0) return false;
        try
        {
            return For(Lanes).Vectors > 0;
        }
        catch (PlatformNotSupportedException)
        {
            return false;
        }
    }
}
