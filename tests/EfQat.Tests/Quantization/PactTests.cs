using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;
using EfQat.Tests.Backward;

namespace EfQat.Tests.Quantization;

public sealed class PactTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>A quantizer that clips at α, and what it makes of x with ∂L/∂ŷ = g.</summary>
    private static (FakeQuantize Quantizer, Tensor Output, Tensor GradX) Run(Clipping clipping, int bits, double alpha, Tensor x, Tensor g)
    {
        var quantizer = new FakeQuantize(new(bits, Signed: false, Symmetric: true), relu: true) { Clipping = clipping, State = QuantizerState.On };
        quantizer.Set(alpha / ((1 << bits) - 1), 0);
        x = x.clone().requires_grad_();
        var y = quantizer.call(x);
        y.backward([g]);
        return (quantizer, y, x.grad!);
    }

    private static Tensor? GradLogScale(FakeQuantize quantizer) => quantizer.get_parameter("log_scale")!.grad;

    [Theory]
    [InlineData(Clipping.Learned, 2, 1.7), InlineData(Clipping.Learned, 4, 0.6), InlineData(Clipping.Learned, 8, 3), InlineData(Clipping.Fixed, 2, 1)]
    public void Values_and_gradients_are_the_published_ones(Clipping clipping, int bits, double alpha)
    {
        manual_seed(bits);
        var x = randn(2, 3, 8, 8) * 1.5;  // [N, C, H, W]
        x[0, 0, 0, 0].zero_();
        var g = randn_like(x);
        var (quantizer, output, gradX) = Run(clipping, bits, alpha, x, g);
        double n = Math.Pow(2, bits) - 1, sum = 0;
        double[] inputs = PlainArrays.Values(x), grads = PlainArrays.Values(g), dx = PlainArrays.Values(gradX), expected = new double[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            double clipped = 0.5 * (Math.Abs(inputs[i]) - Math.Abs(inputs[i] - alpha) + alpha);
            expected[i] = Math.Round(clipped * n / alpha) * alpha / n;
            if (inputs[i] >= alpha) sum += grads[i];
            Assert.Equal(inputs[i] > 0 && inputs[i] < alpha ? grads[i] : 0, dx[i]);
        }
        PlainArrays.AssertClose(expected, output, 1e-6);
        if (clipping == Clipping.Learned) Assert.Equal(alpha * sum, GradLogScale(quantizer)!.item<float>(), 1e-4);
        else Assert.Null(GradLogScale(quantizer));
    }

    [Theory, InlineData(1e-2), InlineData(0)]
    public void Alpha_decays_as_weights_do_and_shrinks_where_nothing_is_clipped(double decay)
    {
        manual_seed(1);
        using var model = ResNet.Create("resnet20", 1, 4);
        var scheme = Scheme.Parse("W2A2,pact");
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [new(randn(2, 1, 8, 8), tensor([0L, 1]))]);
        var clipping = Quantize.Quantizers(model).Where(quantizer => quantizer.Clipping == Clipping.Learned).ToArray();
        Assert.Equal(19, clipping.Length);  // the ReLUs
        Assert.All(clipping, quantizer => quantizer.Set(1e3, 0));
        using var rule = new EfQatUpdate(model, new(Ratio: 1, WeightDecay: decay, ScaleLearningRate: 1e-3));
        model.train();
        rule.BeforeStep(0);
        model.call(randn(2, 1, 8, 8)).sum().backward();
        rule.Step(1);
        double shrunk = decay > 0 ? Math.Exp(-1e-3) : 1;  // Adam's first step
        Assert.All(clipping, quantizer => Assert.Equal(1e3 * shrunk, quantizer.Scale, 1e-2));
        Assert.All(clipping, quantizer => Assert.Equal(decay * 3e3 * 3e3, GradLogScale(quantizer)!.item<float>(), 0.1));  // λ · α²
    }

    [Fact]
    public void Only_behind_a_relu_without_zero_point()
    {
        using var model = ResNet.Create("resnet20", 1, 4);
        Quantize.Prepare(model, Scheme.Parse("W3A4,pact"));
        Assert.All(Quantize.Quantizers(model), quantizer =>
        {
            Assert.Equal(quantizer.Relu ? Clipping.Learned : Clipping.Grid, quantizer.Clipping);
            if (quantizer.Relu) Assert.Equal(new Grid(4, Signed: false, Symmetric: true), quantizer.Grid);
        });
    }
}
