namespace EfQat.Integer.Kernels.Tiles;

/// <summary>Where the bytes of one output's sum lie: runs of equal length, each at an offset from the output's first byte.</summary>
/// <param name="offsets">In bytes.</param>
/// <param name="count">Runs.</param>
/// <param name="bytes">Of a run; a multiple of 4.</param>
readonly unsafe ref struct Runs(nint* offsets, int count, int bytes)
{
    public nint* Offsets => offsets;

    public int Count => count;

    public int Bytes => bytes;
}
