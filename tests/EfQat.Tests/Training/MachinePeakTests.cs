using EfQat.Backward;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Training;

public sealed class MachinePeakTests
{
    [Fact]
    public void The_floor_is_the_longer_of_products_and_operands()
    {
        var peak = new MachinePeak(Flops: 4e9, Bandwidth: 1e9);
        Assert.Equal(1500, peak.FloorMs(new(1_000_000_000, 2_000_000_000), 1_000_000_000), 1e-9);
        Assert.Equal(2000, peak.FloorMs(new(1_000_000_000, 2_000_000_000), 2_000_000_000), 1e-9);
    }

    /// <summary>From a machine of the last century to one of the next: a mistake of units would leave this.</summary>
    [Fact]
    public void A_measurement_is_of_the_order_of_a_computer()
    {
        var peak = MachinePeak.Measure(CPU);
        Assert.InRange(peak.Flops, 1e9, 1e15);
        Assert.InRange(peak.Bandwidth, 1e8, 1e13);
    }

    [Fact]
    public void Operands_of_a_convolution_are_counted_once_each()
    {
        using var scope = NewDisposeScope();
        var (x, w) = (randn(2, 3, 5, 5).requires_grad_(), randn(4, 3, 3, 3));
        var unfrozen = w[TensorIndex.Slice(0, 2)].clone().requires_grad_();
        var y = PartialConv2d.Apply(x, w, RowSet.Of(4, [0, 1]), unfrozen, null, new((1, 1), (1, 1), 1));
        long before = OperandBytes.Now;
        y.sum().backward();
        const int Input = 2 * 3 * 25, Output = 2 * 4 * 25, Weight = 4 * 27;
        Assert.Equal(4 * (Output + Weight + Input + Output / 2 + Input + Weight / 2), OperandBytes.Now - before);
    }

    [Fact]
    public void Codes_count_a_byte_and_a_linear_layer_as_its_matrices()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (x, w) = (randn(6, 3).requires_grad_(), randn(4, 3));
        var y = PartialLinear.Apply(x, w, RowSet.All(4), w.clone().requires_grad_(), null);
        long before = OperandBytes.Now;
        y.sum().backward();
        Assert.Equal(4 * (24 + 12 + 18 + 24 + 18 + 12), OperandBytes.Now - before);

        var quantizer = new FakeQuantize(Grid.Activations(8)) { State = QuantizerState.On };
        var images = quantizer.call(randn(2, 3, 5, 5).requires_grad_());
        var filters = randn(4, 3, 3, 3);
        var z = PartialConv2d.Apply(images, filters, RowSet.All(4), filters.clone().requires_grad_(), null, new((1, 1), (1, 1), 1));
        before = OperandBytes.Now;
        z.sum().backward();
        Assert.Equal(4 * (200 + 108 + 150 + 200 + 108) + 150, OperandBytes.Now - before);
    }
}
