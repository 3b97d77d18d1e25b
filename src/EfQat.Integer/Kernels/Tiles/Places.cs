namespace EfQat.Integer.Kernels.Tiles;

/// <summary>
/// Where a tile reads and writes: the first byte of each pixel's inputs, then of each one's codes, then a bit for each channel that is to be written.
/// Where pixels are missing, the last one is there again.
/// </summary>
readonly unsafe ref struct Places(byte** addresses, int pixels)
{
    /// <summary>Of how many pointers it is made.</summary>
    public static int Count(int pixels) => 2 * pixels + 1;

    public byte** Addresses => addresses;

    public byte** Outputs => addresses + pixels;

    public ulong Channels
    {
        get => (ulong)addresses[2 * pixels];
        set => addresses[2 * pixels] = (byte*)value;
    }
}
