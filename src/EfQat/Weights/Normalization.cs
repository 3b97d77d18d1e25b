using System.Globalization;
using EfQat.Datasets;

namespace EfQat.Weights;

/// <summary>The mean and the standard deviation that a network's inputs are normalized with, where they are not the data set's own.</summary>
/// <param name="Mean">[C], of pixels in 0…1.</param>
/// <param name="Std">Likewise.</param>
public sealed record Normalization(IReadOnlyList<float> Mean, IReadOnlyList<float> Std)
{
    private const string MeanKey = "input_mean", StdKey = "input_std";

    /// <summary>What a weight file states of it, as <see cref="AddTo"/> wrote it; null where it is silent, as PyTorch's files are.</summary>
    /// <exception cref="UserError">The file is unreadable, or its numbers are none.</exception>
    public static Normalization? Of(WeightFile file)
    {
        if (!file.Metadata.TryGetValue(MeanKey, out var mean) || !file.Metadata.TryGetValue(StdKey, out var std)) return null;
        float[] Numbers(string text) => [.. text.Split(' ').Select(word => float.TryParse(word, CultureInfo.InvariantCulture, out float number)
            ? number
            : throw new UserError($"{file.Path}: '{text}' of its metadata is no mean or std; write it anew with 'efqat weights --mean … --std … --out'"))];
        return new(Numbers(mean), Numbers(std));
    }

    /// <summary>Of a file at a path.</summary>
    /// <exception cref="UserError">The file is unreadable, or its numbers are none.</exception>
    public static Normalization? Of(string path)
    {
        using var scope = NewDisposeScope();
        return Of(WeightFile.Read(path));
    }

    /// <summary>Lets a file's metadata state it.</summary>
    public void AddTo(IDictionary<string, string> metadata)
    {
        metadata[MeanKey] = string.Join(' ', Mean.Select(value => value.ToString(CultureInfo.InvariantCulture)));
        metadata[StdKey] = string.Join(' ', Std.Select(value => value.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Images that are normalized so.</summary>
    /// <exception cref="UserError">They have another number of channels.</exception>
    public ImageDataset Apply(ImageDataset images) => Mean.Count == images.Channels && Std.Count == images.Channels
        ? images with { Mean = [.. Mean], Std = [.. Std] }
        : throw new UserError(
            $"{images.Name}: its pictures have {images.Channels} channels, the weights state {Mean.Count} means and {Std.Count} deviations; "
            + "state one of each for every channel");
}
