using System.Security.Cryptography;
using System.Text.Json;

namespace EfQat.Datasets;

/// <summary>A file of a data set as published.</summary>
/// <param name="Name">File name.</param>
/// <param name="Url">Where it is published.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record DatasetFile(string Name, string Url, long Size, string Sha256)
{
    /// <exception cref="UserError">The file at <paramref name="path"/> is not the published one.</exception>
    internal void Verify(string path)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length != Size)
            throw new UserError($"{path}: size is {stream.Length} bytes, the published file has {Size}; fetch it again");
        var actual = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (actual != Sha256)
            throw new UserError($"{path}: sha256 is {actual}, the published file has {Sha256}; fetch it again");
    }
}

/// <summary>A data set of data/manifest.json.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Title">What results call it.</param>
/// <param name="Format">"idx", "cifar" or "jpeg".</param>
/// <param name="TrainImages">Pictures of the complete training split.</param>
/// <param name="TestImages">Pictures of the complete test split.</param>
/// <param name="Mean">[C], of the training pictures in 0..1.</param>
/// <param name="Std">[C], of the training pictures in 0..1.</param>
/// <param name="Classes">Names in label order.</param>
/// <param name="Folders">Folder names it is looked for under.</param>
/// <param name="Files">What a fetch downloads.</param>
/// <param name="HowToGet">For the user who lacks it.</param>
/// <param name="Licence">Of the data.</param>
/// <param name="Source">Who publishes it.</param>
/// <param name="Caveat">What to know before quoting a result.</param>
public sealed record DatasetEntry(
    string Name, string Title, string Format, int TrainImages, int TestImages, float[] Mean, float[] Std, string[] Classes,
    string[] Folders, DatasetFile[] Files, string HowToGet, string Licence, string Source, string Caveat);

/// <summary>The data sets this project knows, from data/manifest.json.</summary>
public static class Manifest
{
    /// <summary>All entries, in the manifest's order.</summary>
    public static IReadOnlyList<DatasetEntry> Entries { get; } = Read();

    /// <exception cref="UserError">No such data set.</exception>
    public static DatasetEntry Find(string name) => Entries.FirstOrDefault(entry => entry.Name == name) ?? throw Unknown(name);

    internal static UserError Unknown(string name) =>
        new($"data set '{name}' is unknown; choose one of {string.Join(", ", Entries.Select(entry => entry.Name))}, or name a folder of pictures");

    static DatasetEntry[] Read()
    {
        using var stream = typeof(Manifest).Assembly.GetManifestResourceStream("manifest.json")!;
        return JsonSerializer.Deserialize<DatasetEntry[]>(stream, JsonSerializerOptions.Web)!;
    }
}
