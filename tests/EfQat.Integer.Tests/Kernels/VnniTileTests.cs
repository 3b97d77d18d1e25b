using EfQat.Integer.Kernels.Tiles;
using EfQat.Integer.Kernels.Vnni;

namespace EfQat.Integer.Tests.Kernels;

public unsafe class VnniTileTests
{
    [SkippableTheory]
    [InlineData(16, 1)]
    [InlineData(32, 2)]
    [InlineData(48, 3)]
    [InlineData(64, 4)]
    [InlineData(80, 3)] // 96 places; two blocks of four vectors would be 128
    [InlineData(100, 4)]
    [InlineData(256, 4)]
    public void LeavesFewPlacesEmpty(int outputs, int vectors)
    {
        Skip.IfNot(VnniTile.IsSupported, "no AVX-512 VNNI here");
        Assert.Equal(vectors, VnniTile.For(outputs).Vectors);
    }

    [SkippableTheory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(48)]
    [InlineData(64)]
    public void SumsOfWordsAreWhatPlainLoopsSum(int outputs)
    {
        Skip.IfNot(VnniTile.IsSupported, "no AVX-512 VNNI here");
        var tile = VnniTile.For(outputs);
        var random = new Random(1);
        int pixels = tile.Pixels, width = 16 * tile.Vectors;
        nint[] offsets = [8, 0, 100];
        const int RunBytes = 12, PixelBytes = 130;
        var picture = new byte[pixels * PixelBytes];
        random.NextBytes(picture);
        picture.AsSpan(0, 40).Fill(255);
        var weights = new byte[offsets.Length * RunBytes * width];
        random.NextBytes(weights);
        weights.AsSpan(0, 40).Fill(unchecked((byte)-128));
        var words = new int[pixels * width];
        fixed (byte* first = picture, packed = weights)
        fixed (nint* places = offsets)
        fixed (int* sums = words)
        {
            byte** addresses = stackalloc byte*[pixels];
            for (int i = 0; i < pixels; i++) addresses[i] = first + i * PixelBytes;
            var runs = new Runs(places, offsets.Length, RunBytes);
            tile.Words(runs, addresses, packed, sums);
            for (int pixel = 0; pixel < pixels; pixel++)
                for (int channel = 0; channel < width; channel++)
                {
                    int sum = 0;
                    for (int run = 0; run < offsets.Length; run++)
                        for (int i = 0; i < RunBytes; i += 2)
                        {
                            byte* weight = packed + ((run * RunBytes + i) / 4 * width + channel) * 4 + i % 4;
                            sum = unchecked(sum + *(short*)(addresses[pixel] + offsets[run] + i) * *(short*)weight);
                        }
                    Assert.Equal(sum, words[pixel * width + channel]);
                }
        }
    }
}
