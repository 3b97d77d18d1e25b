#if LOCAL_TORCH
using System.Runtime.InteropServices;
using EfQat.Backward;
using EfQat.Quantization;
using static EfQat.Tests.Backward.PlainArrays;

namespace EfQat.Tests.Backward;

/// <summary>efqat::batch_norm and efqat::batch_norm_fake_quantize_backward against the definitions in double.</summary>
public sealed class BatchNormKernelTests : IDisposable
{
    private const double Eps = 1e-5, Momentum = 0.3;
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly int threads = get_num_threads();

    public BatchNormKernelTests() => manual_seed(3);

    public void Dispose()
    {
        set_num_threads(threads);
        scope.Dispose();
    }

    private static Tensor[] BatchNorm(Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVar) =>
        NativeOps.Call("efqat::batch_norm", x, weight, bias, runningMean, runningVar, Momentum, Eps);

    /// <summary>The values of one channel.</summary>
    private static double[] Channel(Tensor x, long c) => Values(x.select(1, c));

    public static TheoryData<long, bool> Channels
    {
        get
        {
            var cases = new TheoryData<long, bool>();
            foreach (long channels in (long[])[1, 3, 16, 48, 100, 512, 600])
            {
                cases.Add(channels, true);
                cases.Add(channels, false);
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public void Forward_normalizes_and_moves_the_statistics_as_PyTorch_does(long channels, bool channelsLast)
    {
        set_num_threads(2);
        var means = linspace(-1000, 1000, channels);  // without cancellation
        var x = randn(3, channels, 20, 19) + means.reshape(1, -1, 1, 1);
        if (channelsLast) x = ChannelsLast(x);
        var (weight, bias, runningMean, runningVar) = (randn(channels), randn(channels), randn(channels), rand(channels) + 0.5);
        var (gamma, beta, oldMean, oldVar) = (Values(weight), Values(bias), Values(runningMean), Values(runningVar));

        var results = BatchNorm(x, weight, bias, runningMean, runningVar);

        var (foundMean, inverse, newMean, newVar) = (Values(results[1]), Values(results[2]), Values(runningMean), Values(runningVar));
        for (int c = 0; c < channels; c++)
        {
            double[] values = Channel(x, c);
            double mean = values.Average(), variance = values.Average(v => (v - mean) * (v - mean)), a = gamma[c] / Math.Sqrt(variance + Eps);
            double unbiased = variance * values.Length / (values.Length - 1);
            double ulp = 1.2e-7 * (1 + Math.Abs(mean));
            Assert.Equal(mean, foundMean[c], ulp);
            Assert.Equal(1 / Math.Sqrt(variance + Eps), inverse[c], 2e-6);
            Assert.Equal((1 - Momentum) * oldMean[c] + Momentum * mean, newMean[c], ulp);
            Assert.Equal((1 - Momentum) * oldVar[c] + Momentum * unbiased, newVar[c], 4e-6);
            double[] y = Channel(results[0], c);
            for (int i = 0; i < y.Length; i++) Assert.Equal((values[i] - mean) * a + beta[c], y[i], 2 * ulp * Math.Abs(a) + 1e-5);
        }
    }

    public static TheoryData<long, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<long, bool, bool>();
            foreach (long channels in (long[])[1, 3, 48, 600])
                foreach (bool signed in (bool[])[true, false])
                    foreach (bool relu in (bool[])[true, false])
                        cases.Add(channels, signed, relu);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Backward_gives_all_five_gradients_of_the_definition(long channels, bool signed, bool relu)
    {
        var grid = new Grid(3, signed, Symmetric: false);
        const double Scale = 0.25, Zero = 1;
        var (x, grad) = (ChannelsLast(randn(2, channels, 4, 3) * 2 + 5), ChannelsLast(randn(2, channels, 4, 3)));
        var (weight, bias) = (randn(channels), randn(channels));
        var found = Backward(grad, x, weight, bias, (float)Scale, (float)Zero, grid, relu);

        var (gamma, beta, ofWeight, ofBias) = (Values(weight), Values(bias), Values(found[1]), Values(found[2]));
        double ofScale = 0, ofZero = 0;
        for (int c = 0; c < channels; c++)
        {
            double[] values = Channel(x, c), g = Channel(grad, c), ofX = Channel(found[0], c);
            int n = values.Length;
            double mean = values.Average(), inverse = 1 / Math.Sqrt(values.Average(v => (v - mean) * (v - mean)) + Eps);
            double[] normal = [.. values.Select(v => (v - mean) * inverse)], passed = new double[n];
            for (int i = 0; i < n; i++)
            {
                double y = normal[i] * gamma[c] + beta[c], u = (relu ? Math.Max(y, 0) : y) / Scale;
                double code = Math.Round(u, MidpointRounding.ToEven) + Zero, q = Math.Clamp(code, grid.QMin, grid.QMax);
                passed[i] = code == q && !(relu && y <= 0) ? g[i] : 0;
                ofScale += g[i] * (q - Zero - (code == q ? u : 0));
                ofZero += code == q ? 0 : -Scale * g[i];
            }
            double sum = passed.Sum(), product = passed.Zip(normal, (p, v) => p * v).Sum();
            Assert.Equal(sum, ofBias[c], 1e-5);
            Assert.Equal(product, ofWeight[c], 1e-4);
            for (int i = 0; i < n; i++)
                Assert.Equal(gamma[c] * inverse * (passed[i] - sum / n - normal[i] * product / n), ofX[i], 1e-5);
        }
        Assert.Equal(ofScale, found[3].item<float>(), 1e-4 * channels);
        Assert.Equal(ofZero, found[4].item<float>(), 1e-4 * channels);
    }

    [Theory, InlineData(17, true, false), InlineData(64, false, true), InlineData(520, false, false)]
    public void Backward_is_the_quantizers_and_then_libtorchs(long channels, bool signed, bool relu)
    {
        set_num_threads(2);
        var grid = new Grid(4, signed, Symmetric: signed);
        var (x, grad) = (randn(3, channels, 25, 23) - 4, randn(3, channels, 25, 23));
        var (weight, bias) = (randn(channels), randn(channels));
        var (scale, zero) = (tensor(new[] { 0.2f }), tensor(new[] { signed ? 0f : 3 }));
        var norm = BatchNorm(x, weight, bias, zeros(channels), ones(channels));

        var found = Backward(grad, x, weight, bias, 0.2f, signed ? 0 : 3, grid, relu);
        var (passed, ofScale, ofZero) = PortableKernels.FakeQuantizeBackward(grad, norm[0], scale, zero, grid, relu);
        var expected = NativeOps.Call(
            "aten::native_batch_norm_backward", passed, x, weight, default!, default!, norm[1], norm[2], true, Eps, new long[] { 1, 1, 1 });

        for (int i = 0; i < 3; i++) AssertClose(Values(expected[i]), found[i], 1e-4);
        AssertClose(Values(ofScale), found[3], 1e-3);
        AssertClose(Values(ofZero), found[4], 1e-3);
        Tensor[] again = Backward(ChannelsLast(grad), ChannelsLast(x), weight, bias, 0.2f, signed ? 0 : 3, grid, relu);
        Assert.All(found.Zip(again), pair => Assert.True(pair.First.Equals(pair.Second)));
    }

    private static Tensor[] Backward(Tensor grad, Tensor x, Tensor weight, Tensor bias, float scale, float zero, Grid grid, bool relu)
    {
        var norm = BatchNorm(x, weight, bias, zeros_like(weight), ones_like(weight));
        return NativeOps.Call(
            "efqat::batch_norm_fake_quantize_backward", grad, x, norm[1], norm[2], weight, bias, tensor(new[] { scale }), tensor(new[] { zero }),
            grid.QMin, grid.QMax, relu);
    }

    [Fact]
    public void What_it_cannot_do_is_an_error()
    {
        var (x, one) = (randn(2, 3, 4, 4), ones(3));
        void Refused(string reason, Func<Tensor[]> call) => Assert.Contains(reason, Assert.Throws<ExternalException>(() => { call(); }).Message);

        Refused("more than one value", () => BatchNorm(randn(1, 3, 1, 1), one, one, one, one));
        Refused("x must be float [N, C, H, W]", () => BatchNorm(x[0], one, one, one, one));
        Refused("weight must hold a float for each of 3 channels", () => BatchNorm(x, ones(4), one, one, one));
        Refused("running_var must hold a float for each of 3 channels", () => BatchNorm(x, one, one, one, ones(3, dtype: float64)));
        Refused("grad has shape [2, 3, 4, 5]", () => Backward(randn(2, 3, 4, 5), x, one, one, 1, 0, Grid.Activations(4), relu: false));
    }
}
#endif
