using EfQat.Backward;

namespace EfQat.Tests.Backward;

/// <summary>A convolution and its gradients by their definition: double, one product at a time.</summary>
internal static class PlainConvolution
{
    /// <returns>[N, K, H', W']</returns>
    public static long[] OutputShape(long[] x, long[] weight, ConvShape shape) =>
    [
        x[0], weight[0],
        (x[2] + 2 * shape.Padding.Height - weight[2]) / shape.Stride.Height + 1, (x[3] + 2 * shape.Padding.Width - weight[3]) / shape.Stride.Width + 1,
    ];

    public static double[] Output(Tensor x, Tensor weight, ConvShape shape)
    {
        var (images, filters) = (PlainArrays.Values(x), PlainArrays.Values(weight));
        var y = new double[OutputShape(x.shape, weight.shape, shape).Aggregate((a, b) => a * b)];
        ForEachProduct(x.shape, weight.shape, shape, (to, from, by) => y[to] += images[from] * filters[by]);
        return y;
    }

    public static double[] InputGradient(Tensor grad, Tensor weight, long[] inputShape, ConvShape shape)
    {
        var (gradients, filters) = (PlainArrays.Values(grad), PlainArrays.Values(weight));
        var x = new double[inputShape.Aggregate((a, b) => a * b)];
        ForEachProduct(inputShape, weight.shape, shape, (from, to, by) => x[to] += gradients[from] * filters[by]);
        return x;
    }

    public static double[] WeightGradient(Tensor grad, Tensor x, long[] weightShape, ConvShape shape)
    {
        var (gradients, images) = (PlainArrays.Values(grad), PlainArrays.Values(x));
        var weight = new double[weightShape.Aggregate((a, b) => a * b)];
        ForEachProduct(x.shape, weightShape, shape, (from, by, to) => weight[to] += gradients[from] * images[by]);
        return weight;
    }

    /// <summary>Calls product(index into the output, into the input, into the weight) for every product of a convolution.</summary>
    private static void ForEachProduct(long[] input, long[] weight, ConvShape shape, Action<int, int, int> product)
    {
        var ((_, c, h, w), (k, cg, kh, kw)) = (Four(input), Four(weight));
        var (n, _, oh, ow) = Four(OutputShape(input, weight, shape));
        var ((sy, sx), (py, px)) = (shape.Stride, shape.Padding);
        for (int image = 0; image < n; image++)
        for (int filter = 0; filter < k; filter++)
        for (int oy = 0; oy < oh; oy++)
        for (int ox = 0; ox < ow; ox++)
        for (int channel = 0; channel < cg; channel++)
        for (int ky = 0; ky < kh; ky++)
        for (int kx = 0; kx < kw; kx++)
        {
            long y = oy * sy + ky - py, x = ox * sx + kx - px;
            if (y < 0 || y >= h || x < 0 || x >= w) continue;
            long source = image * c + filter / (k / shape.Groups) * cg + channel;
            product(((image * k + filter) * oh + oy) * ow + ox, (int)((source * h + y) * w + x), ((filter * cg + channel) * kh + ky) * kw + kx);
        }
    }

    private static (int, int, int, int) Four(long[] shape) => ((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
}
