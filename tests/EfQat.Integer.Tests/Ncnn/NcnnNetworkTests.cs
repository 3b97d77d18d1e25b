using EfQat.Integer.Ncnn;
using EfQat.Integer.Program;

namespace EfQat.Integer.Tests.Ncnn;

public sealed class NcnnNetworkTests : IDisposable
{
    private const string Small = """
        7767517
        6 7
        Input       data   0 1 data 0=5 1=5 2=2
        Convolution first  1 1 data first 0=3 1=1 5=1 6=6 9=1
        Split       split  1 2 first left right
        Pooling     pool   1 1 left pooled 1=3 2=1 3=1
        Concat      concat 2 1 pooled right both
        Pooling     mean   1 1 both mean 0=1 4=1
        """;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose()
    {
        scope.Dispose();
        folder.Delete(recursive: true);
    }

    /// <summary>Writes a network: six weights as 16-bit floats, three biases as 32-bit ones.</summary>
    private string Files(string param, int cut = 0)
    {
        string path = Path.Combine(folder.FullName, "small.param");
        File.WriteAllText(path, param);
        using var file = new BinaryWriter(File.Create(Path.ChangeExtension(path, ".bin")));
        file.Write(0x01306B47u);
        foreach (double weight in (double[])[0.5, -1, 2, 0.25, -0.75, 1.5]) file.Write((Half)weight);
        foreach (float bias in (float[])[0.125f, -3, 1]) file.Write(bias);
        file.BaseStream.SetLength(file.BaseStream.Length - cut);
        return path;
    }

    private static string Error(Action action) => Assert.Throws<UserError>(action).Message;

    [Fact]
    public void Weights_and_blobs_are_those_of_the_files()
    {
        var network = NcnnNetwork.Load(Files(Small));
        Assert.Equal(new CodeShape(5, 5, 2), network.InputShape);
        manual_seed(1);
        var x = randn(2, 2, 5, 5);
        var first = nn.functional.relu(nn.functional.conv2d(x, tensor([0.5f, -1, 2, 0.25f, -0.75f, 1.5f], [3, 2, 1, 1]), tensor([0.125f, -3, 1])));
        var expected = cat([nn.functional.max_pool2d(first, [3, 3], [1, 1], [1, 1]), first], 1).mean([2, 3]);
        Assert.True(network.call(x).allclose(expected, atol: 1e-6));
    }

    [Theory, InlineData("9=1", true), InlineData("9=0", false)]
    public void The_grid_of_a_concatenation_begins_at_zero_where_nothing_is_negative(string activation, bool atZero)
    {
        var network = NcnnNetwork.Load(Files(Small.Replace("9=1", activation)));
        Assert.Equal(atZero, network.named_children().Single(child => child.name == "concat_grid").module is TorchSharp.Modules.ReLU);
    }

    [Theory, InlineData(1), InlineData(12), InlineData(13), InlineData(26), InlineData(28)]
    public void A_truncated_bin_file_is_an_error(int cut) => Assert.Matches("small.bin: ends at byte .* weights of first", Error(() => NcnnNetwork.Load(Files(Small, cut))));

    [Theory]
    [InlineData("Pooling     mean", "Sigmoid mean", "mean is a Sigmoid; the layers that can be read are Input, Convolution")]
    [InlineData("9=1", "9=2", "small.param: first: Convolution with 0=3 1=1 5=1 6=6 9=2 is not supported; no activation (9=0), ReLU")]
    [InlineData("6=6", "6=7", "first: Convolution with 7 weights")]
    [InlineData("6=6", "6=3", "small.bin: 4 bytes are left over")]
    [InlineData("0=1 4=1", "0=1 1=2", "mean: Pooling with 0=1 1=2 is not supported")]
    [InlineData("7767517", "7767518", "does not begin with 7767517")]
    [InlineData("6 7", "7 7", "is truncated")]
    [InlineData("1 1 left pooled", "1 1 nowhere pooled", "no layer writes 'nowhere'")]
    [InlineData("2 1 pooled right both", "9 1 pooled right both", "is no layer: 'Concat")]
    [InlineData("5=1 6=6", "6=6", "12 bytes are left over")]
    [InlineData("Input       data   0 1 data 0=5 1=5 2=2", "Split data 0 1 data", "does not begin with an Input")]
    public void What_cannot_be_read_is_an_error(string text, string other, string message) =>
        Assert.Contains(message, Error(() => NcnnNetwork.Load(Files(Small.Replace(text, other)))));

    [Fact]
    public void Files_that_are_missing_are_named()
    {
        Assert.Contains("none.param: the file is missing", Error(() => NcnnNetwork.Load(Path.Combine(folder.FullName, "none.param"))));
        string path = Files(Small);
        File.Delete(Path.ChangeExtension(path, ".bin"));
        Assert.Contains("small.bin: the file is missing", Error(() => NcnnNetwork.Load(path)));
    }
}
