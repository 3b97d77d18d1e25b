namespace EfQat.Backward;

public static partial class Kernels
{
    // Where libtorch's forward (oneDNN) overtakes ours: measured with 3 × 3 kernels on AVX-512, ours takes 0.65 of its time at 16
    // channels, 1.0 to 1.1 of it at 32 and 64, 1.16 at 128. Its input gradient is slower than ours up to 512 channels.
    private const long FusedForwardChannels = 64;

    /// <summary>Y of a convolution. // [N, K, H', W']</summary>
    internal static Tensor Convolution(Tensor x, Tensor weight, Tensor? bias, ConvShape shape)
    {
        (x, weight, bias) = (Operand(x), Operand(weight), bias is null ? null : Operand(bias));
        return bias is null && Math.Max(weight.shape[0], weight.shape[1]) <= FusedForwardChannels && IsFused(x, weight, shape)
            ? Native("efqat::conv2d", x, weight, shape.Stride.Height, shape.Paddings)[0]
            : Result(nn.functional.conv2d(x, weight, bias, shape.Strides, shape.Paddings, groups: shape.Groups));
    }

    /// <summary>∂L/∂X of a convolution. // [N, C, H, W]</summary>
    internal static Tensor ConvInputGradient(Tensor grad, Tensor weight, long[] inputShape, ConvShape shape)
    {
        (grad, weight) = (Operand(grad), Operand(weight));
        if (IsFused(grad, weight, shape))
            return Native("efqat::conv2d_input_gradient", grad, weight, inputShape, shape.Stride.Height, shape.Paddings)[0];
        if (!HasNative(LibtorchBackward)) return Result(PortableConvolution.InputGradient(grad, weight, inputShape, shape));
        using var input = Unwritten(inputShape, grad);
        return ConvolutionBackward(grad, input, weight, shape, 0);
    }

    /// <summary>∂L/∂W of the unfrozen filters, from a float input. // [R, C/groups, kh, kw]</summary>
    internal static Tensor ConvWeightGradient(Tensor grad, Tensor x, RowSet rows, long[] weightShape, ConvShape shape)
    {
        (grad, x) = (Operand(grad), Operand(x));
        if (!rows.IsAll && HasFused("efqat::conv2d_weight_rows_float", grad))
            return Native(
                "efqat::conv2d_weight_rows_float", grad, x, rows.ToTensor(grad.device), weightShape[2..], shape.Strides, shape.Paddings, shape.Groups)[0];
        if (!HasNative(LibtorchBackward) || !rows.IsAll && shape.Groups > 1)
            return Result(PortableConvolution.WeightGradient(grad, x, rows, weightShape, shape));
        if (!rows.IsAll) grad = grad.index_select(1, rows.ToTensor(grad.device));
        using var weight = Unwritten([rows.Count, .. weightShape[1..]], grad);
        return ConvolutionBackward(grad, x, weight, shape, 1);
    }

    /// <summary>∂L/∂Ŵ of the unfrozen filters, from the 8-bit codes of X̂ = (codes + qmin − z)·s. // [R, C/groups, kh, kw]</summary>
    internal static Tensor ConvWeightGradient(
        Tensor grad, Tensor codes, Tensor scale, Tensor zeroPoint, int qmin, RowSet rows, long[] weightShape, ConvShape shape)
    {
        if (HasFused("efqat::conv2d_weight_rows", grad))
            return Native(
                "efqat::conv2d_weight_rows", grad, codes, scale, zeroPoint, qmin, rows.ToTensor(grad.device), weightShape[2..],
                shape.Strides, shape.Paddings, shape.Groups)[0];
        var integers = codes.to(float32) + qmin - zeroPoint.round();
        return precision == Precision.BFloat16
            ? ConvWeightGradient(grad, integers, rows, weightShape, shape) * scale
            : ConvWeightGradient(grad, integers * scale, rows, weightShape, shape);
    }

    private const string LibtorchBackward = "aten::convolution_backward";

    private static bool IsFused(Tensor x, Tensor weight, ConvShape shape) =>
        shape.Groups == 1 && shape.Stride.Height == shape.Stride.Width && shape.Stride.Height <= 2 && weight.shape[2] * weight.shape[3] > 1
        && HasFused("efqat::conv2d", x);

    /// <summary>Stands for an operand of which libtorch reads the shape and the layout only.</summary>
    private static Tensor Unwritten(long[] shape, Tensor like)
    {
        bool channelsLast = like.stride(1) == 1;
        return channelsLast
            ? empty([shape[0], shape[2], shape[3], shape[1]], like.dtype, like.device).permute(0, 3, 1, 2)
            : empty(shape, like.dtype, like.device);
    }

    /// <summary>libtorch's own backward, for one of (input, weight).</summary>
    private static Tensor ConvolutionBackward(Tensor grad, Tensor input, Tensor weight, ConvShape shape, int which) =>
        Result(Native(
            LibtorchBackward, grad, input, weight, default!, shape.Strides, shape.Paddings, new long[] { 1, 1 }, false,
            new long[] { 0, 0 }, shape.Groups, new long[] { which == 0 ? 1 : 0, which == 1 ? 1 : 0, 0 })[which]);
}
