using EfQat.Datasets;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Training;

public sealed class QuantizedFileTests : IDisposable
{
    private readonly string path = Path.Combine(Directory.CreateTempSubdirectory("efqat-").FullName, "w4a4.safetensors");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);

    private static Batch Sample()
    {
        manual_seed(1);
        return new(randn(8, 1, 8, 8), arange(8));
    }

    /// <summary>W4A4 with a zero point, after two steps of EfQAT with frozen rows.</summary>
    private static ResNet Trained(Scheme scheme)
    {
        var sample = Sample();
        var model = ResNet.Create("resnet20", 1, 10);
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [sample]);
        using var rule = new EfQatUpdate(model, new(Ratio: 0.1, LearningRate: 0.05));
        model.train();
        for (int step = 0; step < 2; step++)
        {
            rule.BeforeStep(step * 8);
            rule.ZeroGrad();
            nn.functional.cross_entropy(model.call(sample.Images), sample.Labels).backward();
            rule.Step(1);
        }
        return model;
    }

    [Theory]
    [InlineData("W4A4"), InlineData("W8A8,lsq,group=4"), InlineData("W2A3,per-tensor,symmetric,first-last=2")]
    public void A_trained_model_is_read_back_with_the_logits_it_had(string bits)
    {
        using var scope = NewDisposeScope();
        var scheme = Scheme.Parse(bits);
        var model = Trained(scheme);
        QuantizedFile.Save(path, model, scheme, new Dictionary<string, string> { ["top1"] = "12.5" });
        var other = ResNet.Create("resnet20", 1, 10);  // of other random weights
        var metadata = QuantizedFile.Load(path, other);
        Assert.Equal(($"{scheme}", "12.5"), (metadata["scheme"], metadata["top1"]));
        model.eval();
        other.eval();
        var images = Sample().Images;
        Assert.True(model.call(images).Equals(other.call(images)));
    }

    [Fact]
    public void A_file_of_another_network_or_without_bits_is_refused()
    {
        using var scope = NewDisposeScope();
        var scheme = Scheme.Parse("W4A4");
        QuantizedFile.Save(path, Trained(scheme), scheme, new Dictionary<string, string> { ["model"] = "resnet20" });
        var error = Assert.Throws<UserError>(() => QuantizedFile.Load(path, ResNet.Create("resnet32", 1, 10)));
        Assert.Contains("it is of another network", error.Message);
        Assert.Contains("resnet20", error.Message);
        SafeTensors.Write(path, ResNet.Create("resnet20", 1, 10).state_dict(), new Dictionary<string, string> { ["scheme"] = "FP32" });
        Assert.Contains("its scheme is FP32; use a file", Assert.Throws<UserError>(() => QuantizedFile.Load(path, ResNet.Create("resnet20", 1, 10))).Message);
    }
}
