using System.Buffers.Binary;
using System.Numerics;

namespace EfQat.Integer.Program;

/// <summary>
/// Arrays of integers in the bits they need. Each is its smallest number (4 bytes), how often 2 divides all differences from that (1 byte), the bits
/// of the largest difference that is left, 1 to 32 (1 byte), and the differences, lowest bits first, to the end of a byte.
/// </summary>
internal static class PackedIntegers
{
    private const int Head = sizeof(int) + 2, MostBits = 32;

    /// <summary>Appends an array.</summary>
    public static void Write(List<byte> bytes, int[] values)
    {
        int smallest = values.DefaultIfEmpty().Min();
        uint all = values.Aggregate(0u, (bits, value) => bits | (uint)(value - smallest));
        int zeros = all == 0 ? 0 : BitOperations.TrailingZeroCount(all), width = Math.Max(MostBits - BitOperations.LeadingZeroCount(all) - zeros, 1);
        Span<byte> head = [0, 0, 0, 0, (byte)zeros, (byte)width];
        BinaryPrimitives.WriteInt32LittleEndian(head, smallest);
        bytes.AddRange(head);
        ulong waiting = 0;
        int count = 0;
        foreach (int value in values)
        {
            waiting |= (ulong)((uint)(value - smallest) >> zeros) << count;
            for (count += width; count >= 8; count -= 8, waiting >>= 8) bytes.Add((byte)waiting);
        }
        if (count > 0) bytes.Add((byte)waiting);
    }

    /// <summary>Takes an array of so many off the front.</summary>
    /// <exception cref="FormatException">The bytes end early, or make no sense.</exception>
    /// <exception cref="OverflowException">A number has more than 32 bits.</exception>
    public static int[] Read(ref ReadOnlySpan<byte> bytes, int length)
    {
        if (bytes.Length < Head) throw new FormatException("its numbers end early");
        var (smallest, zeros, width) = (BinaryPrimitives.ReadInt32LittleEndian(bytes), bytes[Head - 2], bytes[Head - 1]);
        if (zeros >= MostBits || width is 0 or > MostBits) throw new FormatException($"numbers of {width} bits, shifted by {zeros}");
        long size = ((long)length * width + 7) / 8;
        if (size > bytes.Length - Head) throw new FormatException("its numbers end early");
        var packed = bytes.Slice(Head, (int)size);
        bytes = bytes[(Head + (int)size)..];

        var values = new int[length];
        ulong waiting = 0, mask = (1ul << width) - 1;
        for (int i = 0, next = 0, count = 0; i < length; i++, count -= width, waiting >>= width)
        {
            for (; count < width; count += 8) waiting |= (ulong)packed[next++] << count;
            values[i] = checked((int)(smallest + (long)((waiting & mask) << zeros)));
        }
        return values;
    }
}
