using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class ImageFolderTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("efqat-jpeg").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    void Put(byte[] bytes, string extension = "jpg")
    {
        foreach (var split in new[] { "train", "test" })
            foreach (var name in Manifest.Find("cifar10-jpeg").Classes)
            {
                var path = Path.Combine(_folder, split, name, $"0.{extension}");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, bytes);
            }
    }

    [Fact]
    public void Damaged_pictures_are_named()
    {
        Put([0xFF, 0xD8, 0xFF, 0]);
        var error = Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10-jpeg", "test", _folder));
        Assert.Contains("0.jpg", error.Message);
    }

    [Fact]
    public void Other_formats_are_named()
    {
        Put([1], "png");
        Assert.Contains("only JPEG", Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10-jpeg", "test", _folder)).Message);
    }
}
