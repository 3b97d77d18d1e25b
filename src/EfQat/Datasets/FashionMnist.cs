using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace EfQat.Datasets;

/// <summary>Fashion-MNIST (arXiv 1708.07747): 60,000 and 10,000 grey images of 28×28, padded here to 32×32 with zeros.</summary>
public static class FashionMnist
{
    private const int Side = 28, Padded = 32;

    private static readonly string[] Classes =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    private static readonly Dictionary<string, string> Sha256 = Manifest.Find("fashion-mnist").Files.ToDictionary(file => file.Name, file => file.Sha256);

    /// <summary>Mean and deviation of the padded training images, on the scale 0…1.</summary>
    private const float Mean = 0.2190f, Std = 0.3318f;

    /// <summary>Where the four files are looked for: the folders of EFQAT_DATA, Debian's, the user's.</summary>
    public static IEnumerable<string> Folders =>
        (Environment.GetEnvironmentVariable("EFQAT_DATA") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => new[] { folder, Path.Combine(folder, "fashion-mnist") })
            .Append("/usr/share/datasets/fashion-mnist")
            .Append(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "efqat", "fashion-mnist"));

    /// <summary>The folder that has the files, or null.</summary>
    public static string? Find() => Folders.FirstOrDefault(folder => Sha256.Keys.All(file => File.Exists(Path.Combine(folder, file))));

    /// <summary>Loads one split after checking the files.</summary>
    /// <param name="split">"train" or "test".</param>
    /// <param name="folder">Where the files are; null: the first of <see cref="Folders"/> that has them.</param>
    /// <exception cref="UserError">Files are missing or damaged.</exception>
    public static ImageDataset Load(string split, string? folder = null)
    {
        folder ??= Find() ?? throw new UserError(
            $"fashion-mnist: not found in {string.Join(", ", Folders)}; install Debian's package dataset-fashion-mnist ('./build.sh setup' does) or set EFQAT_DATA to the folder of its .gz files");
        string prefix = split == "train" ? "train" : "t10k";
        byte[] images = Read(folder, $"{prefix}-images-idx3-ubyte.gz", 0x803, 16);
        byte[] labels = Read(folder, $"{prefix}-labels-idx1-ubyte.gz", 0x801, 8);
        var pixels = new byte[labels.Length * Padded * Padded];
        const int Margin = (Padded - Side) / 2;
        for (int i = 0; i < labels.Length; i++)
            for (int y = 0; y < Side; y++)
                images.AsSpan((i * Side + y) * Side, Side).CopyTo(pixels.AsSpan((i * Padded + y + Margin) * Padded + Margin));
        return new("fashion-mnist", split, pixels, labels, 1, Padded, Padded, Classes, [Mean], [Std]);
    }

    private static byte[] Read(string folder, string name, int magic, int header)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; get it with './build.sh setup'");
        byte[] packed = File.ReadAllBytes(path);
        string hash = Convert.ToHexStringLower(SHA256.HashData(packed));
        if (hash != Sha256[name])
            throw new UserError($"{path}: wrong checksum (sha256 {hash}, expected {Sha256[name]}); the file is truncated or damaged, install it again");
        using var unpacked = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress)) gzip.CopyTo(unpacked);
        byte[] bytes = unpacked.ToArray();
        return BinaryPrimitives.ReadInt32BigEndian(bytes) == magic
            ? bytes[header..]
            : throw new UserError($"{path}: not an IDX file of the expected kind");
    }
}
