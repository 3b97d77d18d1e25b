using EfQat.Models;
using EfQat.Quantization;
using EfQat.Tests.Backward;
using TorchSharp.Modules;

namespace EfQat.Tests.Quantization;

public sealed class QuantBatchNorm2dTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public QuantBatchNorm2dTests() => manual_seed(8);

    public void Dispose() => scope.Dispose();

    [Fact]
    public void It_trains_and_evaluates_as_nn_BatchNorm2d()
    {
        var (plain, quantized) = (nn.BatchNorm2d(5, momentum: 0.3), new QuantBatchNorm2d(nn.BatchNorm2d(5, momentum: 0.3)));
        for (int step = 0; step < 3; step++)
        {
            var x = randn(4, 5, 6, 7) * 3 + 2;
            Assert.True(quantized.call(x).allclose(plain.call(x), rtol: 1e-5, atol: 1e-5));
        }
        foreach (var (name, expected) in plain.state_dict())
            Assert.True(quantized.state_dict()[name].allclose(expected, rtol: 1e-6, atol: 1e-6), name);

        plain.load_state_dict(quantized.state_dict());
        plain.eval();
        quantized.eval();
        var sample = randn(2, 5, 3, 3);
        Assert.True(quantized.call(sample).Equals(plain.call(sample)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Prepare_leaves_the_mode_as_it_was(bool training)
    {
        var model = ResNet.Create("resnet20", 1, 10);
        model.train(training);
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Assert.All(model.modules().OfType<QuantBatchNorm2d>(), norm => Assert.Equal(training, norm.training));
    }

    [Fact]
    public void Prepare_renames_nothing_of_a_normalization()
    {
        var model = ResNet.Create("resnet20", 1, 10);
        string[] Norms() => [.. model.state_dict().Keys.Where(name => name.Contains("bn"))];
        string[] before = Norms();
        Assert.Equal(19 * 5, before.Length);
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Assert.Equal(19, model.modules().OfType<QuantBatchNorm2d>().Count());
        Assert.Equal(before, Norms());
    }

    private static void Prepare(nn.Module<Tensor, Tensor> model, string scheme, Tensor sample)
    {
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new(sample, zeros(sample.shape[0], dtype: int64))]);
        model.train();
    }

    private static Dictionary<string, Tensor> Gradients(nn.Module<Tensor, Tensor> model, Tensor x, bool fused)
    {
        using var mode = new FusedMode(fused);
        model.zero_grad();
        var y = model.call(x);
        (y * linspace(-1, 1, y.numel()).reshape(y.shape)).sum().backward();
        return model.named_parameters().Where(pair => pair.parameter.grad is not null).ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
    }

    /// <summary>The fused pass and plain operators agree up to a share of each gradient's norm.</summary>
    private static void AssertFusedAgrees(nn.Module<Tensor, Tensor> model, Tensor x, double share)
    {
        var (fused, plain) = (Gradients(model, x, true), Gradients(model, x, false));
        Assert.Equal(plain.Keys.Order(), fused.Keys.Order());
        double largest = plain.Values.Max(gradient => gradient.norm().item<float>());
        foreach (var (name, expected) in plain)
            Assert.InRange((fused[name] - expected).norm().item<float>(), 0, share * (expected.norm().item<float>() + 0.01 * largest));
    }

    [Theory, InlineData("W8A8"), InlineData("W4A4"), InlineData("W8A8,symmetric")]
    public void A_small_network_has_the_gradients_of_plain_operators(string scheme)
    {
        var model = new Small();
        var x = randn(6, 3, 11, 9);
        Prepare(model, scheme, x);
        AssertFusedAgrees(model, x, 1e-2);
    }

    /// <summary>A sum rounded differently moves a value at a tie to the next code, and 19 layers carry that on.</summary>
    [Fact]
    public void A_ResNet_has_the_gradients_of_plain_operators()
    {
        var model = ResNet.Create("resnet20", 1, 10);
        var x = randn(8, 1, 16, 16);
        Prepare(model, "W8A8", x);
        AssertFusedAgrees(model, x, 0.1);
    }

    [Fact]
    public void Two_readers_of_one_normalization_both_send_their_gradients()
    {
        var model = new TwoReaders();
        var x = randn(4, 6, 5, 5);
        Prepare(model, "W8A8", x);
        AssertFusedAgrees(model, x, 1e-3);
    }

    [Fact]
    public void A_normalization_that_outlives_what_it_was_made_from_is_an_ordinary_tensor()
    {
        var norm = new QuantBatchNorm2d(nn.BatchNorm2d(3));
        var quantizer = new FakeQuantize(Grid.Activations(8)) { State = QuantizerState.On };
        quantizer.Set(0.02, 100);
        var x = randn(2, 3, 4, 4);
        Tensor Gradient(bool leaves)
        {
            norm.zero_grad();
            Tensor y;
            using (var inner = NewDisposeScope())
            {
                y = norm.call(x * 2);
                if (leaves) y = y.LeaveScope();
                else y = quantizer.call(y).LeaveScope();
            }
            (leaves ? quantizer.call(y) : y).square().sum().backward();
            return norm.Origin.weight!.grad!.clone();
        }
        Assert.True(Gradient(leaves: true).allclose(Gradient(leaves: false), rtol: 1e-4, atol: 1e-4));
    }

    private sealed class Small : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> steps = nn.Sequential(
            nn.Conv2d(3, 20, 3, padding: 1, bias: false), nn.BatchNorm2d(20), nn.ReLU(),
            nn.Conv2d(20, 33, 3, stride: 2, bias: false), nn.BatchNorm2d(33), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(33, 4));

        public Small() : base(nameof(Small)) => RegisterComponents();

        public override Tensor forward(Tensor input) => steps.call(input);
    }

    private sealed class TwoReaders : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> conv = nn.Conv2d(6, 6, 1), bn = nn.BatchNorm2d(6), relu = nn.ReLU(), other = nn.ReLU();

        public TwoReaders() : base(nameof(TwoReaders)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            var y = bn.call(conv.call(input));
            return relu.call(y) + y * 0.3 + other.call(y).square();
        }
    }
}
