using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class BatchLoaderTests
{
    const int Count = 20, Channels = 2, Side = 8, Size = Channels * Side * Side;
    static readonly float[] Mean = [0.25f, 0.5f], Std = [0.5f, 0.125f];

    /// <summary>Every pixel differs from its neighbours, no picture equals another, none is black.</summary>
    static ImageDataset Data() => new(
        "toy", "train", [.. Enumerable.Range(0, Count * Size).Select(i => (byte)(1 + i * 7 % 251))], [.. Enumerable.Range(0, Count).Select(i => (byte)i)],
        Channels, Side, Side, [], Mean, Std);

    static List<(float[] Images, long[] Labels)> Read(BatchLoader loader, int epoch, int first = 0) =>
        [.. loader.Epoch(epoch, first).Select(batch => (batch.Images.contiguous().data<float>().ToArray(), batch.Labels.data<long>().ToArray()))];

    static float Normalized(byte value, int channel) => (value / 255f - Mean[channel]) / Std[channel];

    [Fact]
    public void In_order_every_pixel_is_normalized_by_its_channel()
    {
        var data = Data();
        var batches = Read(new BatchLoader(data, 8, false, false, 0), 0);
        Assert.Equal([8, 8, 4], batches.Select(b => b.Labels.Length));
        Assert.Equal(data.Pixels.Select((value, i) => Normalized(value, i / 64 % 2)), batches.SelectMany(b => b.Images));
    }

    [Fact]
    public void Images_are_channels_last()
    {
        var images = new BatchLoader(Data(), 4, false, false, 0).Epoch(0).First().Images;
        Assert.Equal([4, Channels, Side, Side], images.shape);
        Assert.Equal([Size, 1, Side * Channels, Channels], images.stride());
    }

    [Fact]
    public void Same_seed_same_bits_other_epoch_other_order()
    {
        var first = Read(new BatchLoader(Data(), 8, true, true, 5), 3);
        var again = Read(new BatchLoader(Data(), 8, true, true, 5), 3);
        Assert.Equal(first.SelectMany(b => b.Images), again.SelectMany(b => b.Images));
        Assert.NotEqual(first.SelectMany(b => b.Labels), Read(new BatchLoader(Data(), 8, true, true, 5), 4).SelectMany(b => b.Labels));
        Assert.NotEqual(first.SelectMany(b => b.Labels), Read(new BatchLoader(Data(), 8, true, true, 6), 3).SelectMany(b => b.Labels));
    }

    [Fact]
    public void Shuffled_epochs_hold_every_image_once_and_drop_the_partial_batch()
    {
        Assert.Equal(Enumerable.Range(0, Count).Select(i => (long)i), Read(new BatchLoader(Data(), 5, true, false, 1), 0).SelectMany(b => b.Labels).Order());
        Assert.Equal(2, Read(new BatchLoader(Data(), 8, true, false, 1), 0).Count);
    }

    [Fact]
    public void An_epoch_goes_on_from_any_batch()
    {
        var loader = new BatchLoader(Data(), 5, true, true, 1);
        var (whole, rest) = (Read(loader, 2), Read(loader, 2, first: 2));
        Assert.Equal(whole.Skip(2).SelectMany(b => b.Images), rest.SelectMany(b => b.Images));
    }

    /// <summary>Each augmented picture must be one of the 9·9·2 crops and flips of the picture its label names, padded with black.</summary>
    [Fact]
    public void Augmentation_is_a_padded_crop_and_a_flip()
    {
        var data = Data();
        var seen = new HashSet<(int, int, bool)>();
        foreach (var (images, labels) in Enumerable.Range(0, 20).SelectMany(epoch => Read(new BatchLoader(data, 5, true, true, 1), epoch)))
            for (var n = 0; n < labels.Length; n++)
            {
                var actual = images.AsSpan(n * Size, Size).ToArray();
                var found = Crops().Where(crop => Crop(data, (int)labels[n], crop).AsSpan().SequenceEqual(actual)).ToArray();
                Assert.NotEmpty(found);
                seen.Add(found[0]);
            }
        Assert.True(seen.Count > 100, $"only {seen.Count} of 162 crops in 400 draws");
    }

    static IEnumerable<(int Top, int Left, bool Flip)> Crops() =>
        from top in Enumerable.Range(-4, 9) from left in Enumerable.Range(-4, 9) from flip in new[] { false, true } select (top, left, flip);

    static float[] Crop(ImageDataset data, int index, (int Top, int Left, bool Flip) crop)
    {
        var padded = new byte[Channels, Side + 8, Side + 8];
        for (var i = 0; i < Size; i++)
            padded[i / 64, i / 8 % 8 + 4, i % 8 + 4] = data.Pixels[index * Size + i];
        var result = new float[Size];
        for (var i = 0; i < Size; i++)
        {
            var x = crop.Flip ? 7 - i % 8 : i % 8;
            result[i] = Normalized(padded[i / 64, i / 8 % 8 + crop.Top + 4, x + crop.Left + 4], i / 64);
        }
        return result;
    }

    [Fact]
    public void A_subset_holds_different_images_of_the_set()
    {
        var subset = Data().Subset(12, seed: 3);
        Assert.Equal(12, subset.Labels.Distinct().Count());
        Assert.All(Enumerable.Range(0, 12), i => Assert.Equal(Data().Pixels.AsSpan(subset.Labels[i] * Size, Size).ToArray(), subset.Pixels.AsSpan(i * Size, Size).ToArray()));
    }
}
