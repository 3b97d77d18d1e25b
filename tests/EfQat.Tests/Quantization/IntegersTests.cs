using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Tests.Quantization;

/// <summary>Codes, scale and zero point of any weight or activation give back the fake-quantized values bit for bit.</summary>
public class IntegersTests
{
    public static TheoryData<int> Widths => [2, 3, 4, 5, 6, 7, 8];

    /// <summary>(q − z)·s with floats, q from the codes.</summary>
    private static float[] Dequantized(QuantizedTensor integers)
    {
        byte[] codes = integers.Codes.contiguous().data<byte>().ToArray();
        float[] scales = integers.Scale.contiguous().data<float>().ToArray();
        float zero = integers.ZeroPoint.item<float>();
        Assert.All(codes, code => Assert.InRange(code, 0, integers.Grid.Levels - 1));
        return [.. codes.Select((code, i) => (code + integers.Grid.QMin - zero) * scales[i / (codes.Length / scales.Length)])];
    }

    [Theory, MemberData(nameof(Widths))]
    public void Of_weights(int bits)
    {
        foreach (var granularity in new[] { Granularity.PerTensor, Granularity.PerChannel, Granularity.PerGroup(2) })
            foreach (bool narrow in new[] { false, true })
            {
                using var scope = NewDisposeScope();
                manual_seed(bits);
                var grid = Grid.Weights(bits, narrow);
                QuantizedLayer[] layers =
                [
                    new QuantConv2d(nn.Conv2d(4, 6, 3, groups: 1, bias: false), grid, null, granularity),
                    new QuantLinear(nn.Linear(6, 5, hasBias: false), grid, null, granularity),
                ];
                foreach (var layer in layers)
                {
                    layer.CalibrateWeight(ObserverKind.MeanSquaredError);
                    layer.Quantizing = true;
                    var integers = layer.Integers;
                    float[] values = Dequantized(integers);
                    Assert.Equal(values, integers.Dequantize().data<float>().ToArray());
                    Assert.Equal(layer.CompleteWeight.shape, integers.Codes.shape);
                    // What the layer computes with: a row of the identity picks a weight out.
                    var fake = FakeQuantizeRows.Apply(layer.CompleteWeight, layer.get_parameter("log_scale")!, grid);
                    Assert.Equal(values, fake.detach().data<float>().ToArray());
                    if (layer is QuantLinear) Assert.Equal(values, layer.call(eye(6)).t().contiguous().detach().data<float>().ToArray());
                }
            }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Of_activations(int bits)
    {
        foreach (bool signed in new[] { false, true })
            foreach (bool symmetric in new[] { false, true })
            {
                using var scope = NewDisposeScope();
                manual_seed(bits);
                var grid = new Grid(bits, signed, symmetric);
                var quantizer = new FakeQuantize(grid) { State = QuantizerState.Observing };
                var x = randn(2, 3, 5, 5) * 2;
                quantizer.call(x);
                quantizer.Finish();
                quantizer.State = QuantizerState.On;
                var y = quantizer.call(x);
                Assert.Equal(Dequantized(GridTag.Of(y)!), y.detach().data<float>().ToArray());
                if (symmetric) Assert.Equal(0, quantizer.ZeroPoint);
            }
    }

    [Fact]
    public void A_symmetric_quantizer_has_no_zero_point_to_learn()
    {
        using var scope = NewDisposeScope();
        var quantizer = new FakeQuantize(new Grid(4, Signed: true, Symmetric: true)) { State = QuantizerState.On };
        quantizer.Set(0.1, 0);
        quantizer.call(randn(2, 50)).sum().backward();
        Assert.Null(quantizer.get_parameter("zero_point")!.grad);
        Assert.NotNull(quantizer.get_parameter("log_scale")!.grad);
    }
}
