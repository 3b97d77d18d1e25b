using System.Buffers.Binary;

namespace EfQat.Tests.Datasets;

/// <summary>A baseline JPEG of 4×4 blocks, each of one colour: written by hand, so that its pixels are known without a decoder.</summary>
static class FlatJpeg
{
    const int Blocks = 16, Quantum = 16;

    /// <summary>The file, and what YCbCr → RGB (JFIF 1.02) makes of it. // [3, 32, 32]</summary>
    public static (byte[] File, double[] Pixels) Create(int seed)
    {
        var random = new Random(seed);
        var pixels = new double[3 * 32 * 32];
        var bits = new List<bool>();
        var level = new int[3]; // the DC coefficients of Y, Cb, Cr
        for (var block = 0; block < Blocks; block++)
        {
            for (var k = 0; k < 3; k++)
            {
                var size = 4 + random.Next(4); // 4…7: three bits
                var difference = level[k] > 0 ? -size : size;
                level[k] += difference;
                var code = difference > 0 ? difference : difference + 7;
                bits.AddRange([false, (code & 4) != 0, (code & 2) != 0, (code & 1) != 0, false]); // category 3, its bits, end of block
            }
            double[] ycc = [.. level.Select(dc => dc * Quantum / 8.0)]; // around 128
            double[] rgb = [ycc[0] + 1.402 * ycc[2], ycc[0] - 0.344136 * ycc[1] - 0.714136 * ycc[2], ycc[0] + 1.772 * ycc[1]];
            for (var i = 0; i < 64; i++)
                for (var c = 0; c < 3; c++)
                    pixels[c * 1024 + (block / 4 * 8 + i / 8) * 32 + block % 4 * 8 + i % 8] = 128 + rgb[c];
        }
        return ([.. Header(), .. Packed(bits), 0xFF, 0xD9], pixels);
    }

    static IEnumerable<byte> Header() =>
    [
        0xFF, 0xD8,
        .. Segment(0xDB, [0, .. Enumerable.Repeat((byte)Quantum, 64)]),
        .. Segment(0xC0, [8, 0, 32, 0, 32, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]), // 32×32, three components, no subsampling
        .. Segment(0xC4, [0x00, 1, .. new byte[15], 3]), // DC: code 0 is category 3
        .. Segment(0xC4, [0x10, 1, .. new byte[15], 0]), // AC: code 0 is the end of the block
        .. Segment(0xDA, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
    ];

    static byte[] Segment(byte marker, byte[] content)
    {
        var head = new byte[] { 0xFF, marker, 0, 0 };
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), (ushort)(content.Length + 2));
        return [.. head, .. content];
    }

    static IEnumerable<byte> Packed(List<bool> bits)
    {
        while (bits.Count % 8 != 0)
            bits.Add(true);
        foreach (var eight in bits.Chunk(8))
        {
            var value = (byte)eight.Aggregate(0, (sum, bit) => 2 * sum + (bit ? 1 : 0));
            yield return value;
            if (value == 0xFF)
                yield return 0; // so that it is no marker
        }
    }
}
