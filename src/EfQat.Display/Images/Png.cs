using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace EfQat.Display;

/// <summary>The least of the PNG format (W3C, third edition) that holds a grey or an RGB picture.</summary>
static class Png
{
    const uint Polynomial = 0xedb88320;

    /// <param name="pixels">// H·W·C, C 1 or 3</param>
    /// <param name="channels">C.</param>
    /// <param name="width">W.</param>
    public static byte[] Encode(ReadOnlySpan<byte> pixels, int channels, int width)
    {
        int line = width * channels, height = pixels.Length / line;
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, (byte)(channels == 3 ? 2 : 0)); // bits a channel, kind of colour

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize))
            for (var y = 0; y < height; y++)
            {
                zlib.WriteByte(0); // the line stands as it is
                zlib.Write(pixels.Slice(y * line, line));
            }

        using var file = new MemoryStream();
        file.Write([137, .. "PNG\r\n"u8, 26, 10]);
        Chunk(file, "IHDR", header);
        Chunk(file, "IDAT", packed.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    static void Chunk(MemoryStream file, string type, byte[] data)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(named);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(named));
        file.Write(number);
    }

    static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (Polynomial & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
