namespace EfQat.Backward;

/// <summary>The gradients of a convolution from operators every torch has: the oracle of the fused kernels, and their stand-in.</summary>
internal static class PortableConvolution
{
    internal static Tensor InputGradient(Tensor grad, Tensor weight, long[] inputShape, ConvShape shape)
    {
        // A transposed convolution; rows and columns that the stride never reached are its output padding.
        long Unreached(int dim, long stride, long padding) =>
            inputShape[dim] - ((grad.shape[dim] - 1) * stride - 2 * padding + weight.shape[dim]);
        return nn.functional.conv_transpose2d(
            grad, weight, strides: shape.Strides, padding: shape.Paddings,
            output_padding: [Unreached(2, shape.Stride.Height, shape.Padding.Height), Unreached(3, shape.Stride.Width, shape.Padding.Width)],
            groups: shape.Groups);
    }

    internal static Tensor WeightGradient(Tensor grad, Tensor x, RowSet rows, long[] weightShape, ConvShape shape)
    {
        long filtersPerGroup = weightShape[0] / shape.Groups, channelsPerGroup = weightShape[1];
        var gradients = new List<Tensor>();
        for (long group = 0; group < shape.Groups; group++)
        {
            long[] own = [.. rows.Indices.Where(row => row / filtersPerGroup == group)];
            if (own.Length == 0) continue;
            // Images and channels change places: the input is convolved with the gradient, whose steps are the stride apart.
            var images = x.narrow(1, group * channelsPerGroup, channelsPerGroup).transpose(0, 1);        // [C/g, N, H, W]
            var filters = grad.index_select(1, tensor(own, device: grad.device)).transpose(0, 1);          // [R, N, H', W']
            var full = nn.functional.conv2d(images, filters, padding: shape.Paddings, dilation: shape.Strides);
            gradients.Add(full.narrow(2, 0, weightShape[2]).narrow(3, 0, weightShape[3]).transpose(0, 1)); // [R, C/g, kh, kw]
        }
        return cat(gradients, 0).contiguous();
    }
}
