namespace EfQat.Datasets;

/// <summary>Labelled images in memory.</summary>
/// <param name="Name">e.g. "fashion-mnist".</param>
/// <param name="Split">"train" or "test".</param>
/// <param name="Pixels">Planes of bytes. // N·C·H·W</param>
/// <param name="Labels">The class of each image. // N</param>
/// <param name="Channels">C.</param>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="ClassNames">In the order of the labels.</param>
/// <param name="Mean">Per channel, of the training set, on the scale 0…1.</param>
/// <param name="Std">Likewise.</param>
public sealed record ImageDataset(
    string Name, string Split, byte[] Pixels, byte[] Labels, int Channels, int Height, int Width,
    IReadOnlyList<string> ClassNames, float[] Mean, float[] Std)
{
    /// <summary>N.</summary>
    public int Count => Labels.Length;

    /// <summary>Bytes of one image.</summary>
    public int ImageSize => Channels * Height * Width;

    /// <summary>So many images, drawn without repetition.</summary>
    /// <exception cref="UserError">There are not so many.</exception>
    public ImageDataset Subset(int count, long seed)
    {
        if (count < 1 || count > Count)
            throw new UserError($"{Name}: {count} images of its {Split} split are asked for; choose 1 to {Count}");
        int[] chosen = [.. SplitMix64.Permutation(Count, seed).Take(count)];
        var pixels = new byte[chosen.Length * ImageSize];
        for (int i = 0; i < chosen.Length; i++)
            Pixels.AsSpan(chosen[i] * ImageSize, ImageSize).CopyTo(pixels.AsSpan(i * ImageSize));
        return this with { Pixels = pixels, Labels = [.. chosen.Select(i => Labels[i])] };
    }
}
