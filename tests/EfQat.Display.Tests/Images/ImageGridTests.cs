using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace EfQat.Display.Tests;

public class ImageGridTests
{
    /// <summary>Decoded as the PNG specification says, apart from the code under test.</summary>
    static (int Width, int Height, byte[] Lines) Decode(ReadOnlySpan<byte> png)
    {
        Assert.Equal([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], png[..8].ToArray());
        var chunks = new Dictionary<string, byte[]>();
        for (var at = 8; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png[at..]);
            chunks.Add(Encoding.ASCII.GetString(png.Slice(at + 4, 4)), png.Slice(at + 8, length).ToArray());
            at += length + 12;
        }
        Assert.Equal(["IHDR", "IDAT", "IEND"], chunks.Keys);
        using var lines = new MemoryStream();
        using (var zlib = new ZLibStream(new MemoryStream(chunks["IDAT"]), CompressionMode.Decompress))
            zlib.CopyTo(lines);
        return (BinaryPrimitives.ReadInt32BigEndian(chunks["IHDR"]), BinaryPrimitives.ReadInt32BigEndian(chunks["IHDR"].AsSpan(4)), lines.ToArray());
    }

    [Fact]
    public void Pictures_stand_in_rows_two_pixels_apart_and_the_last_row_may_be_short()
    {
        var (width, height, lines) = Decode(new ImageGrid([1, 2, 3, 4, 5, 6], 1, height: 1, width: 2, columns: 2).ToPng());
        Assert.Equal((6, 4), (width, height));
        Assert.Equal(
            [
                0, 1, 2, 0, 0, 3, 4,
                0, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0,
                0, 5, 6, 0, 0, 0, 0,
            ], lines);
    }

    [Fact]
    public void Planes_of_colour_become_pixels_of_colour() =>
        Assert.Equal([0, 1, 3, 5, 2, 4, 6], Decode(new ImageGrid([1, 2, 3, 4, 5, 6], 3, height: 1, width: 2, columns: 1).ToPng()).Lines);

    [Fact]
    public void Chunks_end_with_the_check_sum_of_the_specification() =>
        Assert.Equal([0xae, 0x42, 0x60, 0x82], new ImageGrid([0], 1, 1, 1, 1).ToPng()[^4..].ToArray()); // IEND's, the same in every PNG

    [Fact]
    public void What_is_no_picture_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new ImageGrid([1, 2, 3], 1, 1, 2, 1));
        Assert.Throws<ArgumentException>(() => new ImageGrid([1, 2], 2, 1, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageGrid([1], 1, 1, 1, 0));
    }
}
