using System.IO.Compression;

namespace EfQat.Datasets;

/// <summary>Fashion-MNIST (arXiv 1708.07747): 60,000 and 10,000 grey images of 28×28, padded here to 32×32 with zeros.</summary>
public static class FashionMnist
{
    private const int Side = 28, Padded = 32, Margin = (Padded - Side) / 2;
    private const int ImagesHeader = 16, LabelsHeader = 8;

    /// <summary>One split of the data set, wherever it is found.</summary>
    /// <param name="split">"train" or "test".</param>
    /// <exception cref="UserError">Files are missing or damaged.</exception>
    public static ImageDataset Load(string split) => DatasetCatalog.Load("fashion-mnist", split);

    /// <summary>Pictures [N, 1, 32, 32] and labels [N] of the published files, which are checked first.</summary>
    internal static (byte[] Pixels, byte[] Labels) ReadSplit(string folder, string split, DatasetFile[] files)
    {
        var prefix = split == "train" ? "train" : "t10k";
        var images = Read($"{prefix}-images-idx3-ubyte.gz")[ImagesHeader..];
        var labels = Read($"{prefix}-labels-idx1-ubyte.gz")[LabelsHeader..];
        var pixels = new byte[labels.Length * Padded * Padded];
        for (var i = 0; i < labels.Length; i++)
            for (var y = 0; y < Side; y++)
                images.AsSpan((i * Side + y) * Side, Side).CopyTo(pixels.AsSpan((i * Padded + y + Margin) * Padded + Margin));
        return (pixels, labels);

        byte[] Read(string name)
        {
            var path = Path.Combine(folder, name);
            files.Single(file => file.Name == name).Verify(path);
            using var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            using var bytes = new MemoryStream();
            gzip.CopyTo(bytes);
            return bytes.ToArray();
        }
    }
}
