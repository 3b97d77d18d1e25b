using System.Diagnostics;
using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class ImageFolderTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("efqat-jpeg").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    void Put(string path, byte[] bytes)
    {
        path = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }

    void PutEverywhere(byte[] bytes, string extension)
    {
        foreach (var split in new[] { "train", "test" })
            foreach (var name in Manifest.Find("cifar10-jpeg").Classes)
                Put($"{split}/{name}/0.{extension}", bytes);
    }

    /// <summary>Decoders may round each pixel of the inverse transform and of the colours differently: by 1.5 at most.</summary>
    static void AssertPixels(double[] expected, ReadOnlySpan<byte> actual)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.InRange(actual[i], expected[i] - 1.5, expected[i] + 1.5);
    }

    [Fact]
    public void Any_folder_of_pictures_is_a_data_set_by_its_path()
    {
        var pictures = Enumerable.Range(0, 4).Select(FlatJpeg.Create).ToArray();
        Put("train/zebra/a.jpg", pictures[0].File);
        Put("train/ant/b.jpeg", pictures[1].File);
        Put("train/ant/a.JPG", pictures[2].File);
        Put("test/ant/a.jpg", pictures[3].File);
        Put("test/zebra/a.jpg", pictures[0].File);

        var train = DatasetCatalog.Load(_folder, "train");
        Assert.Equal(["ant", "zebra"], train.ClassNames);
        Assert.Equal([0, 0, 1], train.Labels);
        Assert.Equal((Path.GetFileName(_folder), 3, 32, 32), (train.Name, train.Channels, train.Height, train.Width));
        AssertPixels([.. pictures[2].Pixels, .. pictures[1].Pixels, .. pictures[0].Pixels], train.Pixels);
        Assert.Equal(2, DatasetCatalog.Load(_folder, "test").Count);
    }

    [Fact]
    public void It_is_found_by_its_name_in_EFQAT_DATA()
    {
        Put("train/ant/a.jpg", FlatJpeg.Create(1).File);
        Put("test/ant/a.jpg", FlatJpeg.Create(2).File);
        var before = Environment.GetEnvironmentVariable("EFQAT_DATA");
        try
        {
            Environment.SetEnvironmentVariable("EFQAT_DATA", $"/no/such/folder:{Path.GetDirectoryName(_folder)}");
            Assert.Equal(1, DatasetCatalog.Load(Path.GetFileName(_folder), "test").Count);
        }
        finally
        {
            Environment.SetEnvironmentVariable("EFQAT_DATA", before);
        }
    }

    [Fact]
    public void Splits_of_other_classes_are_refused()
    {
        Put("train/ant/a.jpg", [1]);
        Put("test/bee/a.jpg", [1]);
        Assert.Contains("the same 1 to 256 classes", Assert.Throws<UserError>(() => DatasetCatalog.Load(_folder, "train")).Message);
    }

    [Fact]
    public void A_folder_without_pictures_is_refused() =>
        Assert.Contains("train/CLASS/", Assert.Throws<UserError>(() => DatasetCatalog.Load(_folder, "train")).Message);

    [Fact]
    public void Damaged_pictures_are_named()
    {
        PutEverywhere([0xFF, 0xD8, 0xFF, 0], "jpg");
        Assert.Contains("0.jpg", Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10-jpeg", "test", _folder)).Message);
    }

    [Fact]
    public void Other_formats_are_named()
    {
        PutEverywhere([1], "png");
        Assert.Contains("only JPEG", Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10-jpeg", "test", _folder)).Message);
    }

    /// <summary>Most of the first JPEG pictures of each class have their original in the lossless subset: compression moves pixels a little, a mistake far.</summary>
    [SkippableFact]
    public void Real_pictures_are_those_of_the_lossless_subset()
    {
        var (archive, lossless) = (Path.Combine(TestData.Folder, "cifar10-jpg.tar.xz"), Path.Combine(TestData.Folder, "cifar10-lossless-subset"));
        Skip.IfNot(File.Exists(archive) && Directory.Exists(lossless), $"{archive} or {lossless} is absent");
        using (var tar = Process.Start("tar", ["-xf", archive, "-C", _folder, "--wildcards", "test/*/000?.jpg"]))
            tar.WaitForExit();
        Skip.IfNot(Directory.Exists(Path.Combine(_folder, "test")), "tar cannot unpack .xz here");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "train"), Path.Combine(_folder, "test"));

        var (pictures, originals) = (DatasetCatalog.Load(_folder, "test"), DatasetCatalog.Load("cifar10", "test", lossless));
        Assert.StartsWith("CIFAR-10 (JPEG) (subset of ", pictures.Name);
        var twins = 0;
        for (var i = 0; i < pictures.Count; i++)
        {
            var nearest = Enumerable.Range(0, originals.Count).MinBy(j => Distance(pictures, i, originals, j));
            if (Distance(pictures, i, originals, nearest) > 8)
                continue;
            Assert.Equal(originals.Labels[nearest], pictures.Labels[i]);
            twins++;
        }
        Assert.InRange(twins, 0.8 * pictures.Count, pictures.Count);
    }

    /// <summary>Mean absolute difference of the pixels.</summary>
    static double Distance(ImageDataset a, int i, ImageDataset b, int j)
    {
        var sum = 0;
        for (var k = 0; k < 3072; k++)
            sum += Math.Abs(a.Pixels[i * 3072 + k] - b.Pixels[j * 3072 + k]);
        return sum / 3072.0;
    }
}
