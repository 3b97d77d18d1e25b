using EfQat.Datasets;
using EfQat.Models;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Tests.Quantization;

public sealed class BatchNormFoldingTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Statistics and affine parameters as after a training, some factors negative.</summary>
    private static void Disturb(nn.Module model, bool negative)
    {
        using var off = no_grad();
        foreach (var norm in model.modules().OfType<BatchNorm2d>())
        {
            norm.running_mean!.copy_(randn_like(norm.running_mean!));
            norm.running_var!.copy_(rand_like(norm.running_var!) + 0.2);
            norm.weight!.copy_(rand_like(norm.weight!) + 0.5);
            if (negative) norm.weight!.mul_(randn_like(norm.weight!).sign());
            norm.bias!.copy_(randn_like(norm.bias!));
        }
    }

    private static ResNet Network(bool negative = true)
    {
        manual_seed(11);
        var model = ResNet.Create("resnet20", 1, 10);
        Disturb(model, negative);
        return model;
    }

    private static ResNet Calibrated(string scheme)
    {
        var model = Network();
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(randn(4, 1, 8, 8), zeros(4, dtype: int64))]);
        return model;
    }

    [Theory, InlineData(false, 1), InlineData(true, 1), InlineData(true, 2)]
    public void The_folded_weight_and_bias_are_those_of_the_formula(bool bias, int groups)
    {
        manual_seed(1);
        var model = new Pair(nn.Conv2d(4, 6, 3, stride: 2, padding: 1, groups: groups, bias: bias), nn.BatchNorm2d(6, eps: 0.01));
        Disturb(model, negative: true);
        var norm = (BatchNorm2d)model.Second;
        float[] Values(Tensor tensor) => tensor.detach().data<float>().ToArray();
        var (w, b) = (Values(((Conv2d)model.First).weight!), bias ? Values(((Conv2d)model.First).bias!) : new float[6]);
        var (gamma, beta, mean, variance) = (Values(norm.weight!), Values(norm.bias!), Values(norm.running_mean!), Values(norm.running_var!));

        Assert.Equal(["First"], BatchNormFolding.Fold(model, randn(2, 4, 9, 9)));

        var folded = Assert.IsType<Conv2d>(model.First);
        Assert.IsType<Identity>(model.Second);
        var (foundWeight, foundBias) = (Values(folded.weight!), Values(folded.bias!));
        for (int k = 0; k < 6; k++)
        {
            double a = gamma[k] / Math.Sqrt(variance[k] + 0.01);
            Assert.Equal(beta[k] + a * (b[k] - mean[k]), foundBias[k], 1e-5);
            for (int i = k * w.Length / 6; i < (k + 1) * w.Length / 6; i++) Assert.Equal(a * w[i], foundWeight[i], 1e-5);
        }
    }

    [Fact]
    public void Every_BatchNorm_of_a_ResNet_is_folded_and_the_outputs_stay()
    {
        var model = Network();
        model.eval();
        var x = randn(3, 1, 16, 16);
        var before = model.call(x);
        string[] folded = [.. BatchNormFolding.Fold(model, randn(2, 1, 8, 8))];
        Assert.Equal(19, folded.Length);
        Assert.Equal(["conv1", "layer1.0.conv1", "layer1.0.conv2"], folded[..3]);
        Assert.Empty(model.modules().OfType<BatchNorm2d>());
        Assert.True(model.call(x).allclose(before, rtol: 1e-4, atol: 1e-4 * before.abs().max().item<float>()));
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Assert.Equal(20, Quantize.Layers(model).Count);
    }

    [Theory, InlineData("W4A8"), InlineData("W3A8,group=8"), InlineData("W8A8,per-tensor"), InlineData("W3A8,pact")]
    public void A_quantized_layer_keeps_its_codes(string scheme)
    {
        var model = Calibrated(scheme);
        var before = Quantize.Layers(model).Select(layer => layer.Integers.Integers()).ToArray();
        var norms = model.modules().OfType<QuantBatchNorm2d>().Select(norm => norm.Origin.weight!.detach().sign().to(int16)).ToArray();
        Assert.Equal(19, BatchNormFolding.Fold(model, randn(2, 1, 8, 8)).Count);
        var after = Quantize.Layers(model);
        for (int i = 0; i < norms.Length; i++)
            Assert.True(after[i].Integers.Integers().Equals(before[i] * norms[i].reshape(-1, 1, 1, 1)), $"layer {i}");
    }

    [Fact]
    public void A_lowest_code_that_would_have_to_change_sign_is_an_error_and_nothing_is_folded()
    {
        var model = Calibrated("W4A8");
        var layer = Quantize.Layers(model)[3];
        using (no_grad()) layer.get_parameter("log_scale")!.sub_(1);  // now weights clip at either end
        var error = Assert.Throws<UserError>(() => BatchNormFolding.Fold(model, randn(2, 1, 8, 8)));
        Assert.Contains("layer1.1.conv1: with layer1.1.bn1 folded in", error.Message);
        Assert.Equal(19, model.modules().OfType<QuantBatchNorm2d>().Count());
        Assert.Same(layer, Quantize.Layers(model)[3]);
    }

    [Fact]
    public void A_convolution_with_another_reader_is_an_error()
    {
        var model = new Pair(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)) { Skip = true };
        Assert.Contains("not only Second reads", Assert.Throws<UserError>(() => BatchNormFolding.Fold(model, randn(1, 1, 5, 5))).Message);
        Assert.IsType<BatchNorm2d>(model.Second);
    }

    [Fact]
    public void What_a_module_is_called_does_not_matter_only_what_it_reads()
    {
        var model = new Pair(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3));
        Assert.Empty(BatchNormFolding.Fold(model, randn(1, 2, 5, 5)));
        Assert.IsType<BatchNorm2d>(model.First);
    }

    private sealed class Pair : nn.Module<Tensor, Tensor>
    {
        public nn.Module<Tensor, Tensor> First, Second;

        public Pair(nn.Module<Tensor, Tensor> first, nn.Module<Tensor, Tensor> second) : base(nameof(Pair))
        {
            (First, Second) = (first, second);
            RegisterComponents();
        }

        public bool Skip { get; init; }

        public override Tensor forward(Tensor input)
        {
            var between = First.call(input);
            return Skip ? Second.call(between) + between : Second.call(between);
        }
    }
}
