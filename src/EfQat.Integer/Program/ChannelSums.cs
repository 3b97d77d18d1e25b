using System.Numerics;

namespace EfQat.Integer.Program;

/// <summary>Sums of codes for each channel.</summary>
internal static class ChannelSums
{
    /// <summary>Adds a pixel's codes.</summary>
    public static void Add(Span<int> sums, ReadOnlySpan<byte> codes)
    {
        int i = 0, width = Vector<int>.Count;
        for (; i <= codes.Length - 4 * width; i += 4 * width)
        {
            Vector.Widen(new Vector<byte>(codes[i..]), out var low, out var high);
            Vector.Widen(low, out var first, out var second);
            Vector.Widen(high, out var third, out var fourth);
            Add(sums[i..], first);
            Add(sums[(i + width)..], second);
            Add(sums[(i + 2 * width)..], third);
            Add(sums[(i + 3 * width)..], fourth);
        }
        for (; i < codes.Length; i++) sums[i] += codes[i];
    }

    private static void Add(Span<int> sums, Vector<uint> codes) => (new Vector<int>(sums) + codes.As<uint, int>()).CopyTo(sums);
}
