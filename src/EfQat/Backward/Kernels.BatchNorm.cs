using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Backward;

public static partial class Kernels
{
    /// <summary>Whether <see cref="BatchNorm"/> and its backward exist for this tensor; they have no portable form, nn.BatchNorm2d is one.</summary>
    internal static bool FusesBatchNorm(Tensor x) => x.ndim == 4 && HasFused("efqat::batch_norm", x);

    /// <summary>Normalization in training; moves the running statistics. y [N, C, H, W], mean and 1/√(variance + ε) of the batch [C].</summary>
    internal static (Tensor Y, Tensor Mean, Tensor Inverse) BatchNorm(Tensor x, BatchNorm2d norm)
    {
        var results = Native("efqat::batch_norm", x, norm.weight!, norm.bias!, norm.running_mean!, norm.running_var!, norm.momentum!.Value, norm.eps);
        return (results[0], results[1], results[2]);
    }

    /// <summary>∂L/∂x, ∂L/∂γ, ∂L/∂β.</summary>
    internal static (Tensor X, Tensor Weight, Tensor Bias) BatchNormBackward(Tensor grad, Normalized from)
    {
        var results = Native(
            "aten::native_batch_norm_backward", grad, from.Input, from.Weight, default!, default!, from.Mean, from.Inverse, true, 0.0, new long[] { 1, 1, 1 });
        return (results[0], results[1], results[2]);
    }

    /// <summary>∂L/∂x, ∂L/∂γ, ∂L/∂β from the gradient of the quantizer behind, and that one's sums of ∂L/∂s and ∂L/∂z.</summary>
    internal static (Tensor X, Tensor? Rows, Tensor Weight, Tensor Bias, Tensor Scale, Tensor ZeroPoint) BatchNormFakeQuantizeBackward(
        Tensor grad, Normalized from, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
        var results = Native(
            "efqat::batch_norm_fake_quantize_backward", grad, from.Input, from.Mean, from.Inverse, from.Weight, from.Bias, scale, zeroPoint,
            grid.QMin, grid.QMax, relu);
        return (results[0], null, results[1], results[2], results[3], results[4]);
    }

    /// <summary>Whether the backward pass can go through the convolution too: one of Winograd's (is_for_winograd), whose input has a gradient and is on a grid.</summary>
    internal static bool FusesConvolution(Convolved from) =>
        from.Input.requires_grad && (from.Rows.IsNone || (SaveCodes && GridTag.Of(from.Input) is not null))
        && from.Shape is { Stride: (1, 1), Padding: ( <= 2, <= 2), Groups: 1 }
        && from.Weight.dtype == float32 && from.Weight.shape is [var outputs, var inputs, 3, 3]
        && outputs % 16 == 0 && inputs % 16 == 0 && outputs * inputs <= 128 * 128
        && from.Input.shape[0] >= get_num_threads() // which take whole images
        && HasFused("efqat::conv_norm_fake_quantize_backward", from.Input);

    /// <summary>
    /// As <see cref="BatchNormFakeQuantizeBackward"/>, with ∂L/∂X and ∂L/∂Ŵ of the unfrozen filters of the convolution before in the place of ∂L/∂x; and
    /// the seconds that normalization, ∂L/∂X and ∂L/∂Ŵ took. A summand is added to ∂L/∂X.
    /// </summary>
    internal static Tensor[] ConvNormFakeQuantizeBackward(
        Tensor grad, Normalized from, Tensor scale, Tensor zeroPoint, Grid grid, bool relu, Tensor weight, long[] inputShape, ConvShape shape,
        RowSet rows, Tensor[] codes, int codesQMin, Tensor? summand) =>
        Native(
            "efqat::conv_norm_fake_quantize_backward", grad, from.Input, from.Mean, from.Inverse, from.Weight, from.Bias, scale, zeroPoint,
            grid.QMin, grid.QMax, relu, weight, inputShape, shape.Paddings, rows.ToTensor(grad.device), codes, codesQMin, summand);
}
