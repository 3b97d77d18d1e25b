using System.IO.Compression;
using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class FashionMnistTests : IDisposable
{
    const string Debian = "/usr/share/datasets/fashion-mnist";
    readonly string _folder = Directory.CreateTempSubdirectory("efqat-fashion").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static void NeedData() => Skip.IfNot(Directory.Exists(Debian), "dataset-fashion-mnist is not installed");

    static byte[] Raw(string name)
    {
        using var gzip = new GZipStream(File.OpenRead(Path.Combine(Debian, name)), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        gzip.CopyTo(bytes);
        return bytes.ToArray();
    }

    [SkippableFact]
    public void Pictures_lie_in_the_middle_of_32x32()
    {
        NeedData();
        var data = DatasetCatalog.Load("fashion-mnist", "test", Debian);
        var (images, labels) = (Raw("t10k-images-idx3-ubyte.gz"), Raw("t10k-labels-idx1-ubyte.gz"));
        Assert.Equal(10_000, data.Count);
        Assert.Equal(labels[8..], data.Labels);
        var expected = new byte[1024];
        for (var i = 0; i < 784; i++)
            expected[(i / 28 + 2) * 32 + i % 28 + 2] = images[16 + 9_999 * 784 + i];
        Assert.Equal(expected, data.Pixels[(9_999 * 1024)..]);
    }

    [SkippableFact]
    public void Mean_and_deviation_are_those_of_the_padded_training_images()
    {
        NeedData();
        var data = DatasetCatalog.Load("fashion-mnist", "train", Debian);
        var counts = new long[256];
        foreach (var value in Raw("train-images-idx3-ubyte.gz").AsSpan(16))
            counts[value]++;
        var n = 60_000.0 * 1024;
        var mean = counts.Select((count, value) => count * (value / 255.0)).Sum() / n;
        var square = counts.Select((count, value) => count * (value / 255.0) * (value / 255.0)).Sum() / n;
        Assert.Equal(mean, data.Mean[0], 1e-4);
        Assert.Equal(Math.Sqrt(square - mean * mean), data.Std[0], 1e-4);
        Assert.Equal(data.Mean, Manifest.Find("fashion-mnist").Mean);
        Assert.Equal(data.Std, Manifest.Find("fashion-mnist").Std);
    }

    [SkippableFact]
    public void A_changed_file_is_refused()
    {
        NeedData();
        foreach (var file in Directory.GetFiles(Debian))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        var path = Path.Combine(_folder, "t10k-labels-idx1-ubyte.gz");
        var bytes = File.ReadAllBytes(path);
        bytes[100] ^= 1;
        File.WriteAllBytes(path, bytes);
        var error = Assert.Throws<UserError>(() => DatasetCatalog.Load("fashion-mnist", "test", _folder));
        Assert.Contains(path, error.Message);
        Assert.Contains("sha256", error.Message);
    }
}
