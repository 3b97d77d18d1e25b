using EfQat.Datasets;
using EfQat.Models;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Tests.Weights;

public sealed class WeightFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("efqat-weights").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string In(string name) => Path.Combine(folder, name);

    /// <summary>The authors state 91.73 % and 92.63 % on all 10,000 test images; PyTorch measures 91.63 % and 93.03 % on these 932.</summary>
    [SkippableTheory]
    [InlineData("resnet20", "resnet20-12fca82f.th", 854)]
    [InlineData("resnet32", "resnet32-d509ac18.th", 867)]
    public void PyTorchs_checkpoints_have_PyTorchs_accuracy(string name, string file, int correct)
    {
        string images = Path.Combine(TestData.Folder, "cifar10-lossless-subset"), weights = Path.Combine(TestData.Folder, "weights", file);
        Skip.IfNot(Directory.Exists(images), $"{images} is not there");
        Skip.IfNot(File.Exists(weights), $"{weights} is not there");
        using var scope = NewDisposeScope();
        var test = new Normalization([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]).Apply(DatasetCatalog.Load(images, "test"));
        using var model = ResNet.Create(name, 3, 10);
        WeightFile.Load(model, weights);
        Assert.Equal(932, test.Count);
        Assert.Equal(correct, Evaluator.Top1(model, new BatchLoader(test, 233), default) * 9.32, 6);
    }

    [Fact]
    public void The_report_says_what_is_loaded_missing_unexpected_and_of_another_shape()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm2d(3));
        var tensors = new Dictionary<string, Tensor>
        {
            ["0.weight"] = ones(3, 2), ["0.bias"] = ones(4), ["1.weight"] = ones(3), ["1.bias"] = ones(3), ["1.running_mean"] = ones(3), ["fc"] = ones(1),
        };
        var mapping = Mapping.Of(model, tensors);
        Assert.Equal(["0.weight", "1.weight", "1.bias", "1.running_mean"], mapping.Loaded);
        Assert.Equal(["1.running_var"], mapping.Missing); // not num_batches_tracked
        Assert.Equal(["fc"], mapping.Unexpected);
        Assert.Equal("0.bias has shape [4], the model's is [3]", $"{Assert.Single(mapping.WrongShape)}");
        Assert.Equal("0.bias has shape [4], the model's is [3], and 2 more tensors differ", mapping.Difference);
        mapping.Copy(model, tensors);
        Assert.Equal(Enumerable.Repeat(1f, 6), model.state_dict()["0.weight"].data<float>().ToArray());
    }

    [Fact]
    public void A_deeper_networks_weights_are_refused_though_all_names_are_there()
    {
        using var scope = NewDisposeScope();
        using var deep = ResNet.Create("resnet32", 3, 10);
        using var model = ResNet.Create("resnet20", 3, 10);
        SafeTensors.Write(In("w"), deep.state_dict(), new Dictionary<string, string>());
        Assert.Contains("is not the model's", Assert.Throws<UserError>(() => WeightFile.Load(model, In("w"))).Message);
    }

    /// <summary>The bytes as TorchSharp writes them: two tensors; a name, type 6 (Float32), one dimension of 200 = 0xC8 0x01; a name, type 4 (Int64), none.</summary>
    [Fact]
    public void TorchSharps_files_are_read()
    {
        using var scope = NewDisposeScope();
        float[] numbers = [.. Enumerable.Range(0, 200).Select(i => i / 8f)];
        byte[] file = [2, 1, (byte)'w', 6, 1, 0xC8, 0x01, .. numbers.SelectMany(BitConverter.GetBytes), 1, (byte)'n', 4, 0, .. BitConverter.GetBytes(-9L)];
        File.WriteAllBytes(In("a.dat"), file);
        var read = WeightFile.Read(In("a.dat"));
        Assert.Equal("TorchSharp", read.Format);
        Assert.Equal(numbers, read.Tensors["w"].data<float>().ToArray());
        Assert.Equal(-9, read.Tensors["n"].item<long>());

        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            var bytes = (byte[])file.Clone();
            bytes[random.Next(2) == 0 ? random.Next(8) : random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(In("a.dat"), bytes[..(i % 3 == 0 ? random.Next(1, bytes.Length) : bytes.Length)]);
            try { WeightFile.Read(In("a.dat")); }
            catch (UserError error) { Assert.StartsWith(In("a.dat"), error.Message); }
        }
    }

    [Fact]
    public void Modules_that_are_saved_are_read_back()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm2d(3));
        model.save(In("b.dat"));
        var tensors = WeightFile.Read(In("b.dat")).Tensors;
        Assert.Null(Mapping.Of(model, tensors).Difference);
        Assert.All(model.state_dict(), pair => Assert.True(pair.Value.Equals(tensors[pair.Key]), pair.Key));
    }

    [Fact]
    public void The_normalization_travels_with_the_weights()
    {
        using var scope = NewDisposeScope();
        var metadata = new Dictionary<string, string>();
        new Normalization([0.485f, 0.456f], [0.229f, 0.224f]).AddTo(metadata);
        SafeTensors.Write(In("n"), new Dictionary<string, Tensor> { ["module.w"] = ones(1) }, metadata);
        var found = Normalization.Of(In("n"))!;
        Assert.Equal([0.485f, 0.456f], found.Mean);
        Assert.Equal([0.229f, 0.224f], found.Std);
        Assert.Equal(["w"], WeightFile.Read(In("n")).Tensors.Keys);
        var grey = new ImageDataset("grey", "test", [0], [0], 1, 1, 1, ["a"], [0], [1]);
        Assert.Contains("1 channels, the weights state 2 means", Assert.Throws<UserError>(() => found.Apply(grey)).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GIF89a and more")]
    [InlineData("PK\u0003\u0004 no archive")]
    public void Files_of_other_kinds_are_refused(string content)
    {
        File.WriteAllText(In("x.pth"), content);
        Assert.StartsWith(In("x.pth"), Assert.Throws<UserError>(() => WeightFile.Read(In("x.pth"))).Message);
    }
}
