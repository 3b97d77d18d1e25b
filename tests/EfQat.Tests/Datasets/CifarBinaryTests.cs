using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class CifarBinaryTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("efqat-cifar").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static byte[] Records(params byte[] labels) => [.. labels.SelectMany(label => Enumerable.Range(0, 3072).Select(i => (byte)(i / 1024 + 10 * label)).Prepend(label))];

    void Put(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder, name), bytes);

    [Fact]
    public void Records_of_all_files_in_the_order_of_their_names()
    {
        Put("data_batch_2.bin", Records(7));
        Put("data_batch_1.bin", Records(3, 5));
        Put("test_batch.bin", Records(9));
        var data = DatasetCatalog.Load("cifar10", "train", _folder);
        Assert.Equal([3, 5, 7], data.Labels);
        Assert.Equal("CIFAR-10 (subset of 3 images)", data.Name);
        Assert.Equal([70, 71, 72], new[] { 0, 1024, 2048 }.Select(i => data.Pixels[2 * 3072 + i]));
    }

    [Theory]
    [InlineData(3072, "whole records of 3073")]
    [InlineData(0, "whole records of 3073")]
    public void A_truncated_file_is_named(int length, string field)
    {
        Put("train.bin", Records(0)[..length]);
        Put("test.bin", Records(0));
        var error = Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10", "train", _folder));
        Assert.Contains("train.bin", error.Message);
        Assert.Contains(field, error.Message);
    }

    [Fact]
    public void A_label_out_of_range_is_named()
    {
        Put("train.bin", Records(1, 10));
        Put("test.bin", Records(0));
        Assert.Contains("label 10 of record 1", Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10", "train", _folder)).Message);
    }

    [Fact]
    public void An_empty_folder_says_how_to_get_the_data() =>
        Assert.Contains("efqat data fetch cifar10", Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10", "test", _folder)).Message);

    [Fact]
    public void Unknown_names_and_splits_list_the_choices()
    {
        Assert.Contains("fashion-mnist, cifar10", Assert.Throws<UserError>(() => DatasetCatalog.Load("mnist", "test")).Message);
        Assert.Contains("train or test", Assert.Throws<UserError>(() => DatasetCatalog.Load("cifar10", "dev")).Message);
    }

    [SkippableFact]
    public void The_lossless_subset()
    {
        var folder = Path.Combine(TestData.Folder, "cifar10-lossless-subset");
        Skip.IfNot(Directory.Exists(folder), $"{folder} is absent");
        var data = DatasetCatalog.Load("cifar10", "test", folder);
        var raw = File.ReadAllBytes(Path.Combine(folder, "test_932.bin"));
        Assert.Equal(932, data.Count);
        Assert.Equal("truck", data.ClassNames[9]);
        Assert.Equal(raw[931 * 3073], data.Labels[931]);
        Assert.Equal(raw[(931 * 3073 + 1)..], data.Pixels[(931 * 3072)..]);
    }
}
