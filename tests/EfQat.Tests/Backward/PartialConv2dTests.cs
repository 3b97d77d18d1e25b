using System.Runtime.Intrinsics.X86;
using EfQat.Backward;
using EfQat.Quantization;
using static EfQat.Tests.Backward.PlainArrays;

namespace EfQat.Tests.Backward;

public class PartialConv2dTests
{
    public static TheoryData<int, int, int, int, int, int> Shapes => new()
    {
        // channels, filters, kernel, stride, padding, groups
        { 16, 16, 3, 1, 1, 1 }, { 16, 32, 3, 2, 1, 1 }, { 3, 8, 5, 1, 2, 1 }, { 1, 16, 3, 1, 1, 1 }, { 8, 12, 3, 2, 0, 4 }, { 6, 6, 3, 1, 1, 6 }, { 20, 10, 1, 1, 0, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Unfrozen_filters_get_the_gradient_of_a_loop_over_plain_arrays(int channels, int filters, int kernel, int stride, int padding, int groups)
    {
        foreach (bool fused in (bool[])[true, false])
        {
            using var scope = NewDisposeScope();
            using var mode = new FusedMode(fused);
            manual_seed(channels * 100 + filters);
            const int Images = 3, Side = 9;
            var shape = new ConvShape((stride, stride), (padding, padding), groups);
            var x = ChannelsLast(randn([Images, channels, Side, Side])).requires_grad_();
            var weight = randn([filters, channels / groups, kernel, kernel]);
            long[] rows = [.. Enumerable.Range(0, filters).Where(i => i % 3 == 1).Select(i => (long)i)];
            var unfrozen = weight.index_select(0, tensor(rows)).requires_grad_();
            var before = MultiplyAdds.Now;

            var y = PartialConv2d.Apply(x, weight, RowSet.Of(filters, rows), unfrozen, null, shape);
            var g = randn(y.shape);
            (y * g).sum().backward();

            AssertClose(PlainConvolution.InputGradient(g, weight, x.shape, shape), x.grad!, 1e-4);
            int size = channels / groups * kernel * kernel;
            double[] gradWeight = PlainConvolution.WeightGradient(g, x, weight.shape, shape);
            AssertClose([.. rows.SelectMany(row => gradWeight.Skip((int)row * size).Take(size))], unfrozen.grad!, 1e-3);

            long all = (long)Images * filters * y.shape[2] * y.shape[3] * size;
            Assert.Equal(new MultiplyAdds(all, all / filters * rows.Length), MultiplyAdds.Now - before);
        }
    }

    [Fact]
    public void Integers_give_the_gradient_that_the_floats_give()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var quantizer = new FakeQuantize(Grid.Activations(8), relu: true) { State = QuantizerState.On };
        quantizer.Set(0.02, 3);
        var weight = randn(16, 16, 3, 3);
        var rows = RowSet.Of(16, [0, 7, 15]);
        var shape = new ConvShape((1, 1), (1, 1), 1);
        var x = ChannelsLast(randn(4, 16, 8, 8));
        var g = ChannelsLast(randn(4, 16, 8, 8));

        Tensor Gradient(Tensor input)
        {
            var unfrozen = weight.index_select(0, rows.ToTensor(CPU)).requires_grad_();
            (PartialConv2d.Apply(input, weight, rows, unfrozen, null, shape) * g).sum().backward();
            return unfrozen.grad!;
        }
        Tensor onGrid;
        using (no_grad()) onGrid = quantizer.call(x);
        Assert.NotNull(GridTag.Of(onGrid));
        var floats = onGrid.clone();
        Assert.Null(GridTag.Of(floats));
        Assert.True(Gradient(onGrid).allclose(Gradient(floats), rtol: 1e-4, atol: 1e-4));
    }

    /// <summary>As on CUDA, where no kernel of ours is: libtorch's backward for the gathered filters. In double nothing hides in rounding.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Libtorch_gives_the_unfrozen_filters_the_same(int channels, int filters, int kernel, int stride, int padding, int groups)
    {
        using var scope = NewDisposeScope();
        manual_seed(channels + filters);
        var shape = new ConvShape((stride, stride), (padding, padding), groups);
        var x = ChannelsLast(randn([2, channels, 7, 7], float64));
        long[] weightShape = [filters, channels / groups, kernel, kernel];
        var g = ChannelsLast(randn(PlainConvolution.OutputShape(x.shape, weightShape, shape), float64));
        double[] expected = PlainConvolution.WeightGradient(g, x, weightShape, shape);
        int size = channels / groups * kernel * kernel;
        foreach (int every in (int[])[1, 3])
        {
            long[] rows = [.. Enumerable.Range(0, filters).Where(i => i % every == 0).Select(i => (long)i)];
            var actual = Kernels.ConvWeightGradient(g, x, RowSet.Of(filters, rows), weightShape, shape);
            AssertClose([.. rows.SelectMany(row => expected.Skip((int)row * size).Take(size))], actual, 1e-12);
        }
    }

    /// <summary>Operands that bfloat16 holds exactly, codes among them, leave the rounding of the result.</summary>
    [SkippableFact]
    public void In_bfloat16_only_results_are_rounded_where_operands_are_exact()
    {
        Skip.IfNot(Avx512BW.IsSupported, "without AVX-512 libtorch on the CPU rounds partial sums of bfloat16 too");
        using var scope = NewDisposeScope();
        manual_seed(6);
        Kernels.Precision = Precision.BFloat16;
        try
        {
            const double Rounding = 1.0 / 256, Scale = 0.02;
            var shape = new ConvShape((1, 1), (1, 1), 1);
            var (codes, weight) = (randint(0, 256, [2, 16, 7, 7]), randn(16, 16, 3, 3).to(bfloat16).to(float32));
            var g = randn(2, 16, 7, 7).to(bfloat16).to(float32);
            AssertClose(PlainConvolution.Output(codes, weight, shape), Kernels.Convolution(codes, weight, null, shape), Rounding);
            AssertClose(PlainConvolution.InputGradient(g, weight, codes.shape, shape), Kernels.ConvInputGradient(g, weight, codes.shape, shape), Rounding);
            var gradient = Kernels.ConvWeightGradient(g, codes.to(uint8), tensor((float)Scale), tensor(3f), 0, RowSet.All(16), weight.shape, shape);
            Assert.Equal(float32, gradient.dtype);
            AssertClose(PlainConvolution.WeightGradient(g, (codes - 3) * Scale, weight.shape, shape), gradient, Rounding);
            var (a, b) = (codes.reshape(32, 49), g.reshape(32, 49));
            AssertClose([.. Values(a.to(float64).matmul(b.t().to(float64)))], Kernels.Linear(a, b, null), Rounding);
        }
        finally
        {
            Kernels.Precision = Precision.Float32;
        }
    }

    [Fact]
    public void A_frozen_layer_computes_no_weight_gradient()
    {
        using var scope = NewDisposeScope();
        var x = randn([2, 4, 5, 5], requires_grad: true);
        var before = MultiplyAdds.Now;
        PartialConv2d.Apply(x, randn(8, 4, 3, 3), RowSet.None(8), null, null, new((1, 1), (1, 1), 1)).sum().backward();
        Assert.NotNull(x.grad);
        Assert.Equal(0, (MultiplyAdds.Now - before).WeightGradient);
    }

    [Fact]
    public void A_linear_layer_does_likewise()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var x = randn([5, 3, 6], requires_grad: true);
        var weight = randn([4, 6]).requires_grad_();
        var unfrozen = weight.detach().index_select(0, tensor(new long[] { 1, 3 })).requires_grad_();
        var g = randn(5, 3, 4);
        (PartialLinear.Apply(x, weight.detach(), RowSet.Of(4, [3, 1]), unfrozen, null) * g).sum().backward();
        var partial = x.grad!.clone();
        x.grad = null;
        (nn.functional.linear(x, weight) * g).sum().backward();
        Assert.True(partial.allclose(x.grad!, rtol: 1e-5, atol: 1e-6));
        Assert.True(unfrozen.grad!.allclose(weight.grad!.index_select(0, tensor(new long[] { 1, 3 })), rtol: 1e-5, atol: 1e-6));
    }
}

/// <summary>Fused or portable kernels for the length of a test.</summary>
internal sealed class FusedMode : IDisposable
{
    private readonly bool before = Kernels.UseFused;

    public FusedMode(bool fused) => Kernels.UseFused = fused;

    public void Dispose() => Kernels.UseFused = before;
}
