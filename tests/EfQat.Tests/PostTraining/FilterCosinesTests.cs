using EfQat.Backward;
using EfQat.PostTraining;
using EfQat.Quantization;
using EfQat.Tests.Backward;

namespace EfQat.Tests.PostTraining;

public class FilterCosinesTests
{
    [Fact]
    public void Gram_matrices_give_the_sums_of_the_products_themselves()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (w, x, o) = (randn([2, 5, 3, 18], float64), rand([2, 18, 40], float64), randn([2, 3, 40], float64));
        var (product, gram) = (FilterCosines.ByProduct(w, x, o), FilterCosines.ByGram(w, x, o));
        Assert.True(product.Dot.allclose(gram.Dot, rtol: 1e-11));
        Assert.True(product.Square.allclose(gram.Square, rtol: 1e-11));
    }

    /// <summary>Few positions take the products, many the Gram matrices; both are the definition.</summary>
    [Theory]
    [InlineData(4, 4, 3, 1, 1, 1), InlineData(4, 4, 9, 1, 1, 1), InlineData(4, 6, 9, 2, 1, 2), InlineData(4, 4, 9, 1, 0, 4), InlineData(3, 5, 7, 2, 1, 1)]
    public void Each_filter_is_compared_with_its_own_channel(long channels, long filters, long size, long stride, long padding, long groups)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        manual_seed(size);
        var origin = nn.Conv2d(channels, filters, 3, stride, padding, groups: groups, bias: false);
        var layer = new QuantConv2d(origin, Grid.Weights(4, narrow: true), null);
        var (x, steps) = (randn(2, channels, size, size), rand(3, filters) * 0.2 + 0.02);
        var o = origin.call(x + 0.3 * randn_like(x));
        var found = FilterCosines.Of(layer, x, o, steps);

        var (shape, weight) = (new ConvShape((stride, stride), (padding, padding), groups), PlainArrays.Values(origin.weight!));
        var target = PlainArrays.Values(o);
        int perFilter = weight.Length / (int)filters, positions = target.Length / (2 * (int)filters);
        for (int c = 0; c < 3; c++)
        {
            double[] s = PlainArrays.Values(steps[c]);
            float[] quantized = [.. weight.Select((w, i) => (float)(Math.Clamp(Math.Round(w / s[i / perFilter]), -7, 7) * s[i / perFilter]))];
            double[] y = PlainConvolution.Output(x, tensor(quantized, origin.weight!.shape), shape);
            for (int filter = 0; filter < filters; filter++)
            {
                double mean = Enumerable.Range(0, 2).Average(i =>
                {
                    int at = (i * (int)filters + filter) * positions;
                    var (a, b) = (target[at..(at + positions)], y[at..(at + positions)]);
                    return a.Zip(b, (p, q) => p * q).Sum() / Math.Sqrt(a.Sum(p => p * p) * b.Sum(q => q * q));
                });
                Assert.Equal(mean, found[c, filter].item<double>(), 1e-6);
            }
        }
    }
}
