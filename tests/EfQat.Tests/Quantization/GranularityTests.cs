using EfQat.Backward;
using EfQat.Quantization;
using EfQat.Tests.Backward;
using TorchSharp.Modules;

namespace EfQat.Tests.Quantization;

public class GranularityTests
{
    private static readonly Granularity[] All = [Granularity.PerTensor, Granularity.PerChannel, Granularity.PerGroup(2)];

    private static float[] Values(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    [Fact]
    public void Scales_have_the_shape_of_what_shares_them()
    {
        Assert.Equal([1], Granularity.PerTensor.Scales([8, 6, 3, 3]));
        Assert.Equal([8], Granularity.PerChannel.Scales([8, 6, 3, 3]));
        Assert.Equal([8, 3], Granularity.PerGroup(2).Scales([8, 6]));
        Assert.Equal([8, 1], Granularity.PerGroup(32).Scales([8, 6]));
        Assert.Contains("group=4", Assert.Throws<UserError>(() => Granularity.PerGroup(4).Scales([8, 6])).Message);
        Assert.Throws<UserError>(() => Granularity.PerGroup(0));
    }

    [Theory]
    [InlineData(2, false), InlineData(4, true), InlineData(8, false)]
    public void Each_scale_and_its_gradient_are_of_its_own_weights(int bits, bool narrow)
    {
        var grid = Grid.Weights(bits, narrow);
        foreach (bool fused in (bool[])[true, false])
            foreach (var granularity in All)
            {
                using var scope = NewDisposeScope();
                using var mode = new FusedMode(fused);
                manual_seed(bits);
                var w = randn(3, 4, 2, 2).requires_grad_();  // [out, in, kh, kw]
                long[] shape = granularity.Scales(w.shape);
                var log = (rand(shape) - 1.5).requires_grad_();
                var g = randn(w.shape);
                var y = FakeQuantizeRows.Apply(w, log, grid);
                (y * g).sum().backward();

                Assert.Equal(shape, log.grad!.shape);
                float[] weights = Values(w), grads = Values(g), outputs = Values(y), dw = Values(w.grad!), scales = Values(log.detach().exp());
                int count = weights.Length / scales.Length;
                double[] ds = new double[scales.Length];
                for (int i = 0; i < weights.Length; i++)
                {
                    double s = scales[i / count], u = weights[i] / s, q = Math.Clamp(Math.Round(u), grid.QMin, grid.QMax);
                    bool inside = q == Math.Round(u);
                    Assert.Equal(q * s, outputs[i], 1e-5);
                    Assert.Equal(inside ? grads[i] : 0, dw[i]);
                    ds[i / count] += s * grads[i] * (q - (inside ? u : 0)) / Math.Sqrt(count * grid.QMax);
                }
                Assert.All(ds.Zip(Values(log.grad!)), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
            }
    }

    [Fact]
    public void Without_gradient_scale_the_scales_gradient_is_the_plain_sum()
    {
        using var scope = NewDisposeScope();
        Tensor Gradient(bool gradientScale)
        {
            manual_seed(3);
            var (w, log) = (randn(3, 8), zeros(3, requires_grad: true));
            FakeQuantizeRows.Apply(w, log, Grid.Weights(4), gradientScale).square().sum().backward();
            return log.grad!;
        }
        Assert.True(Gradient(false).allclose(Gradient(true) * Math.Sqrt(8 * 7), rtol: 1e-5));

        float Activation(bool gradientScale)
        {
            manual_seed(3);
            var quantizer = new FakeQuantize(Grid.Activations(4), gradientScale: gradientScale) { State = QuantizerState.On };
            quantizer.Set(0.1, 3);
            quantizer.call(randn(2, 8)).square().sum().backward();
            return quantizer.get_parameter("log_scale")!.grad!.item<float>();
        }
        Assert.Equal(Activation(false), Activation(true) * Math.Sqrt(8 * 15), 1e-4 * Math.Abs(Activation(false)));
    }

    [Theory]
    [InlineData(ObserverKind.MinMax), InlineData(ObserverKind.MovingAverage), InlineData(ObserverKind.Percentile),
     InlineData(ObserverKind.MeanSquaredError), InlineData(ObserverKind.KullbackLeibler)]
    public void Observers_see_each_scales_own_weights(ObserverKind kind)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var weight = randn(3, 4, 5, 5);
        var scales = WeightScales.Observe(weight, Grid.Weights(4), kind, Granularity.PerGroup(2));
        for (int row = 0; row < 3; row++)
            for (int group = 0; group < 2; group++)
            {
                var observer = Observer.Create(kind);
                observer.Observe(weight[row, TensorIndex.Slice(2 * group, 2 * group + 2)]);
                Assert.Equal(observer.Compute(Grid.Weights(4)).Scale, scales[row, group].item<float>());
            }
    }

    [Fact]
    public void A_frozen_row_keeps_its_scales_and_a_shared_scale_waits_until_no_row_is_frozen()
    {
        using var scope = NewDisposeScope();
        foreach (var granularity in All)
        {
            manual_seed(6);
            var layer = new QuantLinear(nn.Linear(4, 3), Grid.Weights(4), null, granularity) { Quantizing = true };
            layer.CalibrateWeight(ObserverKind.MinMax);
            var before = layer.Integers.Dequantize();
            layer.Freeze(RowSet.Of(3, [1]));
            layer.call(randn(5, 4)).square().sum().backward();
            Assert.Equal(granularity == Granularity.PerTensor ? null : granularity.Scales([1, 4]), layer.TrainedLogScale?.grad!.shape);
            Assert.Null(layer.get_parameter("log_scale")!.grad);
            using (no_grad())
            {
                layer.TrainedWeight!.mul_(1.5);
                layer.TrainedLogScale?.add_(0.3);
            }
            var moved = (layer.Integers.Dequantize() - before).abs().amax([1]);
            Assert.Equal([false, true, false], Values(moved).Select(difference => difference > 0));
        }
    }
}
