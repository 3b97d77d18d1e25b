#if LOCAL_TORCH
using EfQat.Backward;
using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

/// <summary>The backward pass through quantizer, normalization and convolution at once, against the three one after another, which have oracles.</summary>
public sealed class ConvolvedFakeQuantizeTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly int threads = get_num_threads();

    public void Dispose()
    {
        set_num_threads(threads);
        scope.Dispose();
    }

    [Theory]
    [InlineData(1, 16, 32, 28, 1, false)]
    [InlineData(7, 16, 16, 28, 2, false)]
    [InlineData(13, 32, 16, 9, 2, false)]
    [InlineData(45, 64, 64, 7, 2, true)]
    [InlineData(3, 16, 48, 33, 3, true)]
    public void Gives_bit_for_bit_what_the_three_give(int images, int inputs, int outputs, int size, int count, bool symmetric)
    {
        set_num_threads(count);
        RowSet[] some = [RowSet.None(outputs), RowSet.Of(outputs, [1, 5, 6, 15]), RowSet.All(outputs)];
        foreach (var (rows, shortcut) in some.SelectMany(rows => (bool[])[false, true], (rows, shortcut) => (rows, shortcut)))
        {
            var (apart, together) = (Gradients(rows, shortcut, fuses: false), Gradients(rows, shortcut, fuses: true));
            Assert.Equal(apart.Names, together.Names);
            foreach (var (expected, actual) in apart.Gradients.Zip(together.Gradients)) Assert.True(expected.Equals(actual));
            Assert.Equal(apart.Input, together.Input);
            Assert.Equal(apart.Weight, together.Weight);
        }

        (string[] Names, Tensor[] Gradients, long Input, long Weight) Gradients(RowSet rows, bool shortcut, bool fuses)
        {
            manual_seed(5);
            var (before, behind, norm) = (Quantizer(true, symmetric), Quantizer(false, symmetric), new QuantBatchNorm2d(nn.BatchNorm2d(outputs)));
            norm.Origin.weight!.data<float>().CopyFrom(randn(outputs).data<float>().ToArray());
            var x = randn(images, size, size, inputs).permute(0, 3, 1, 2).requires_grad_();
            var weight = randn(outputs, inputs, 3, 3) * 0.1;
            var unfrozen = rows.IsNone ? null : weight.index_select(0, rows.ToTensor(CPU)).requires_grad_();
            var read = before.call(x);
            var y = PartialConv2d.Apply(read, weight, rows, unfrozen, null, new((1, 1), (1, 1), 1));
            if (!fuses) y = y * 1; // nobody knows any more what it was made from
            var result = behind.call(norm.call(y));
            var done = MultiplyAdds.Now;
            var loss = (result * randn(images, size, size, outputs).permute(0, 3, 1, 2)).sum();
            if (shortcut)
            {
                var handedOn = HandedOn.Take(read);
                Assert.Equal(fuses, !ReferenceEquals(handedOn, read));
                loss += (handedOn * randn(images, inputs, size, size)).sum();
            }
            loss.backward();
            var adds = MultiplyAdds.Now - done;
            (string Name, Tensor? Gradient)[] all =
            [
                ("x", x.grad), ("rows", unfrozen?.grad), .. norm.named_parameters().Select(pair => (pair.name, pair.parameter.grad)),
                .. behind.named_parameters().Select(pair => (pair.name, pair.parameter.grad)),
            ];
            var found = all.Where(one => one.Gradient is not null).ToArray();
            Assert.Equal(!rows.IsNone, found.Any(one => one.Name == "rows"));
            return ([.. found.Select(one => one.Name)], [.. found.Select(one => one.Gradient!)], adds.InputGradient, adds.WeightGradient);
        }
    }

    [Fact]
    public void What_is_handed_on_has_its_gradient_where_nobody_reads_the_quantizer()
    {
        set_num_threads(1);
        manual_seed(5);
        var (x, grad) = (randn(2, 16, 6, 6).requires_grad_(), randn(2, 16, 6, 6));
        var read = Quantizer(true, true).call(x);
        var y = PartialConv2d.Apply(read, randn(16, 16, 3, 3), RowSet.None(16), null, null, new((1, 1), (1, 1), 1));
        Quantizer(false, true).call(new QuantBatchNorm2d(nn.BatchNorm2d(16)).call(y));
        (HandedOn.Take(read) * grad).sum().backward();
        Assert.True(x.grad!.Equals(grad * x.gt(0).to(float32) * x.lt(0.02 * 255).to(float32)));
    }

    [Fact]
    public void A_residual_addition_reads_what_was_handed_on_once()
    {
        var (input, handedOn) = (Quantizer(true, true).call(randn(2, 3)), randn(2, 3));
        HandedOn.Attach(input, handedOn);
        var add = new QuantResidualAdd(Quantizer(false, true), Quantizer(false, true));
        Assert.True(add.call(input, input).Equals(handedOn + input));
    }

    private static FakeQuantize Quantizer(bool relu, bool symmetric)
    {
        var quantizer = new FakeQuantize(Grid.Activations(8) with { Symmetric = symmetric }, relu) { State = QuantizerState.On };
        quantizer.Set(0.02, symmetric ? 0 : 3);
        return quantizer;
    }
}
#endif
