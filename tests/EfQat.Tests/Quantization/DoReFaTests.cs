using EfQat.Backward;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Tests.Backward;
using EfQat.Training;

namespace EfQat.Tests.Quantization;

public sealed class DoReFaTests : IDisposable
{
    private const int Out = 5, In = 7;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>A layer of k bits; on the identity its output is Ŵᵀ.</summary>
    private static QuantLinear Layer(int bits)
    {
        manual_seed(bits);
        var layer = new QuantLinear(nn.Linear(In, Out, hasBias: false), Grid.Weights(bits + 1, narrow: true), null, Granularity.PerTensor)
        {
            TanhWeights = true, Quantizing = true,
        };
        using var off = no_grad();
        layer.CompleteWeight.mul_(4);
        layer.CalibrateWeight(ObserverKind.MinMax);
        return layer;
    }

    [Theory, InlineData(2), InlineData(3), InlineData(7)]
    public void Values_and_gradients_are_the_published_ones(int bits)
    {
        var layer = Layer(bits);
        double n = Math.Pow(2, bits) - 1;
        layer.SetScales(tensor([(float)(1 / n)]));  // c = 1
        var g = randn(Out, In);
        var quantized = layer.call(eye(In)).t();
        quantized.backward([g]);

        double[] t = [.. PlainArrays.Values(layer.CompleteWeight).Select(Math.Tanh)], grads = PlainArrays.Values(g);
        int largest = Enumerable.Range(0, t.Length).MaxBy(i => Math.Abs(t[i]));
        double max = Math.Abs(t[largest]);
        PlainArrays.AssertClose([.. t.Select(value => 2 * Math.Round(n * (value / (2 * max) + 0.5)) / n - 1)], quantized.contiguous(), 1e-6);
        double[] expected = [.. t.Select((value, i) => grads[i] * (1 - value * value) / max)];
        expected[largest] -= Math.Sign(t[largest]) * (1 - max * max) * t.Zip(grads, (value, grad) => value * grad).Sum() / (max * max);
        PlainArrays.AssertClose(expected, layer.TrainedWeight!.grad!, 1e-5);
        Assert.Null(layer.TrainedLogScale!.grad);
    }

    [Fact]
    public void Calibrated_it_spans_what_tanh_spans_and_its_integers_are_odd()
    {
        var layer = Layer(2);
        var quantized = layer.call(eye(In)).t();
        Assert.Equal(layer.CompleteWeight.tanh().abs().max().item<float>(), quantized.abs().max().item<float>(), 1e-6);
        var integers = layer.Integers;
        Assert.True(integers.Dequantize().Equals(quantized.contiguous()));
        Assert.Equal([-3, -1, 1, 3], integers.Integers().data<short>().ToArray().Select(code => (int)code).Distinct().Order());
    }

    [Fact]
    public void Unfrozen_rows_have_the_values_and_gradients_of_full_training()
    {
        var (full, partial) = (Layer(3), Layer(3));
        long largest = full.CompleteWeight.abs().max(dim: 1).values.argmax().item<long>();
        long[] rows = [.. Enumerable.Range(0, Out).Select(row => (long)row).Where(row => row != largest).Take(2)];
        partial.Freeze(RowSet.Of(Out, rows));
        var g = randn(In, Out);
        var (expected, actual) = (full.call(eye(In)), partial.call(eye(In)));
        expected.backward([g]);
        actual.backward([g]);
        Assert.True(expected.Equals(actual));
        Assert.True(full.TrainedWeight!.grad!.index_select(0, tensor(rows)).Equals(partial.TrainedWeight!.grad!));
    }

    [Fact]
    public void First_and_last_layer_keep_learned_scales_and_the_others_are_trained_without()
    {
        manual_seed(2);
        using var model = ResNet.Create("resnet20", 1, 4);
        var scheme = Scheme.Parse("W2A2,dorefa");
        var layers = Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [new(randn(4, 1, 8, 8), tensor([0L, 1, 2, 3]))]);
        Assert.Equal([false, .. Enumerable.Repeat(true, 18), false], layers.Select(layer => layer.TanhWeights));
        using var rule = new EfQatUpdate(model, new(Ratio: 1, LearningRate: 0.1));
        var before = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        model.train();
        rule.BeforeStep(0);
        nn.functional.cross_entropy(model.call(randn(4, 1, 8, 8)), tensor([0L, 1, 2, 3])).backward();
        rule.Step(1);
        bool Moved(string name) => !before[name].Equals(model.state_dict()[name]);
        Assert.True(Moved("conv1.weight") && Moved("conv1.log_scale") && Moved("layer2.0.conv1.weight") && Moved("linear.log_scale"));
        Assert.False(Moved("layer2.0.conv1.log_scale") || Moved("layer2.0.relu1.log_scale"));
    }

    [Fact]
    public void Eight_bits_are_refused()
    {
        using var model = ResNet.Create("resnet20", 1, 4);
        Assert.Contains("W8 with 'tanh'", Assert.Throws<UserError>(() => Quantize.Prepare(model, Scheme.Parse("W8A8,dorefa"))).Message);
    }
}
