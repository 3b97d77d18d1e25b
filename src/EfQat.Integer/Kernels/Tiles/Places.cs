using System.Numerics;
using EfQat.Integer.Kernels.Instructions;

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

    /// <summary>Writes the codes of sums. // [pixel, channel]</summary>
    public void Store<TSet, V, P>(int* sums, int width, CodeTable codes, int place)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
    {
        byte* tail = stackalloc byte[width];
        int channels = BitOperations.PopCount(Channels);
        for (int pixel = 0; pixel < pixels; pixel++, sums += width)
        {
            byte* output = Outputs[pixel], target = channels == width ? output : tail;
            for (int lane = 0; lane < width; lane += TSet.Lanes) TSet.StoreCodes(TSet.Load(sums + lane), codes, place + lane, target + lane);
            if (target == tail) new Span<byte>(tail, channels).CopyTo(new Span<byte>(output, channels));
        }
    }
}
