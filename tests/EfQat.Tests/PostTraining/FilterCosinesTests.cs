using EfQat.Backward;
using EfQat.PostTraining;
using EfQat.Quantization;
using EfQat.Tests.Backward;

namespace EfQat.Tests.PostTraining;

public class FilterCosinesTests
{
    [Fact]
    public void Both_ways_give_the_sums_of_the_products_themselves()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (w, x, o) = (randint(-63, 64, [2, 3, 5, 18]).to(float32), rand(4, 2, 18, 40), randn(4, 2, 3, 40));
        var w64 = w.to(float64);
        var (product, gram) = (FilterCosines.Sums(w, w64, x, o, byGram: false), FilterCosines.Sums(w, w64, x, o, byGram: true));
        var y = w64.unsqueeze(0).matmul(x.to(float64).unsqueeze(2)).permute(1, 2, 3, 0, 4);                              // [g, k, C, n, P]
        var (dot, square) = ((y * o.to(float64).permute(1, 2, 0, 3).unsqueeze(2)).sum(-1), y.square().sum(-1));
        Assert.All([product.Dot, gram.Dot], found => Assert.True(found.allclose(dot, rtol: 1e-11)));
        Assert.True(product.Square.allclose(square, rtol: 1e-6));
        Assert.True(gram.Square.allclose(square, rtol: 1e-11));
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
