using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Training;

public class TrainedBesidesTests
{
    /// <summary>What one step moves, by kind.</summary>
    private static string[] Moved(EfQatOptions options, string scheme)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var model = ResNet.Create("resnet20", 1, 10);
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new(randn(8, 1, 8, 8), zeros(8, dtype: int64))]);
        using var rule = new EfQatUpdate(model, options);
        var before = model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.detach().clone());
        model.train();
        rule.BeforeStep(0);
        rule.ZeroGrad();
        nn.functional.cross_entropy(model.call(randn(8, 1, 8, 8)), arange(8)).backward();
        rule.Step(1);
        rule.Commit();
        var activations = Quantize.Quantizers(model).SelectMany(quantizer => quantizer.parameters()).ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        return
        [
            .. model.named_parameters().Where(pair => !pair.parameter.detach().Equals(before[pair.name])).Select(pair =>
                activations.Contains(pair.parameter) ? "activation scale"
                : pair.name.EndsWith("log_scale") ? "weight scale"
                : pair.name.Contains(".bn") || pair.name.StartsWith("bn") || pair.name.EndsWith("bias") ? "bias, norm" : "weight").Distinct().Order(),
        ];
    }

    private static readonly EfQatOptions Options = new(Ratio: 0.5, LearningRate: 0.1);

    [Fact]
    public void By_default_everything_is() => Assert.Equal(["activation scale", "bias, norm", "weight", "weight scale"], Moved(Options, "W4A4"));

    [Fact]
    public void At_ratio_0_everything_but_weights_and_their_scales() =>
        Assert.Equal(["activation scale", "bias, norm"], Moved(Options with { Ratio = 0 }, "W4A4"));

    [Fact]
    public void What_is_switched_off_stays()
    {
        Assert.Equal(["activation scale", "weight", "weight scale"], Moved(Options with { TrainBiasesAndNorms = false }, "W4A4"));
        Assert.Equal(["bias, norm", "weight", "weight scale"], Moved(Options with { TrainActivationScales = false }, "W4A4"));
        Assert.Equal(["activation scale", "bias, norm", "weight"], Moved(Options with { TrainWeightScales = false }, "W4A4"));
    }

    [Fact]
    public void Groups_have_trained_scales_and_a_shared_scale_waits_until_no_row_of_its_layer_is_frozen()
    {
        var half = Options with { Mode = FreezingMode.ChannelWisePerLayer };
        Assert.Contains("weight scale", Moved(half, "W4A4,group=8"));
        Assert.DoesNotContain("weight scale", Moved(half, "W4A4,per-tensor"));
        Assert.Contains("weight scale", Moved(half with { Ratio = 1 }, "W4A4,per-tensor"));
    }
}
