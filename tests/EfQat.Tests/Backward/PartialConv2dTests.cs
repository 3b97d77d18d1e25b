using EfQat.Backward;
using EfQat.Quantization;
using TorchSharp.Modules;

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
            var x = ChannelsLast(randn([Images, channels, Side, Side])).requires_grad_();
            var weight = randn([filters, channels / groups, kernel, kernel]);
            long[] rows = [.. Enumerable.Range(0, filters).Where(i => i % 3 == 1).Select(i => (long)i)];
            var unfrozen = weight.index_select(0, tensor(rows)).requires_grad_();
            var before = MultiplyAdds.Now;

            var y = PartialConv2d.Apply(x, weight, RowSet.Of(filters, rows), unfrozen, null, new((stride, stride), (padding, padding), groups));
            var g = randn(y.shape);
            (y * g).sum().backward();

            var (gradX, gradWeight) = Oracle(x, weight, g, stride, padding, groups);
            AssertClose(gradX, x.grad!, 1e-4);
            int size = channels / groups * kernel * kernel;
            float[] expected = [.. rows.SelectMany(row => gradWeight.Skip((int)row * size).Take(size))];
            AssertClose(expected, unfrozen.grad!, 1e-3);

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

    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>The definition, in double, one product at a time.</summary>
    private static (float[] X, float[] Weight) Oracle(Tensor input, Tensor weight, Tensor grad, int stride, int padding, int groups)
    {
        var (x, w, g) = (input.detach().data<float>().ToArray(), weight.data<float>().ToArray(), grad.data<float>().ToArray());
        var ((n, c, h, wd), (k, cg, kh, kw)) = (Four(input), Four(weight));
        var (_, _, oh, ow) = Four(grad);
        var (gx, gw) = (new double[x.Length], new double[w.Length]);
        for (int image = 0; image < n; image++)
        for (int filter = 0; filter < k; filter++)
        for (int oy = 0; oy < oh; oy++)
        for (int ox = 0; ox < ow; ox++)
        {
            double gradient = g[((image * k + filter) * oh + oy) * ow + ox];
            for (int channel = 0; channel < cg; channel++)
            for (int ky = 0; ky < kh; ky++)
            for (int kx = 0; kx < kw; kx++)
            {
                int y = oy * stride + ky - padding, xx = ox * stride + kx - padding;
                if (y < 0 || y >= h || xx < 0 || xx >= wd) continue;
                int at = ((image * c + filter / (k / groups) * cg + channel) * h + y) * wd + xx, wat = ((filter * cg + channel) * kh + ky) * kw + kx;
                gx[at] += gradient * w[wat];
                gw[wat] += gradient * x[at];
            }
        }
        return ([.. gx.Select(v => (float)v)], [.. gw.Select(v => (float)v)]);
    }

    private static (int, int, int, int) Four(Tensor t) => ((int)t.shape[0], (int)t.shape[1], (int)t.shape[2], (int)t.shape[3]);

    private static void AssertClose(float[] expected, Tensor actual, double tolerance)
    {
        float[] found = actual.data<float>().ToArray();
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < found.Length; i++)
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"[{i}]: {found[i]}, expected {expected[i]}");
    }
}

/// <summary>Fused or portable kernels for the length of a test.</summary>
internal sealed class FusedMode : IDisposable
{
    private readonly bool before = Kernels.UseFused;

    public FusedMode(bool fused) => Kernels.UseFused = fused;

    public void Dispose() => Kernels.UseFused = before;
}
