using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Backward;

public static partial class Kernels
{
    /// <summary>Whether <see cref="BatchNorm"/> and its backward exist for this tensor; they have no portable form, nn.BatchNorm2d is one.</summary>
    internal static bool FusesBatchNorm(Tensor x) => x.ndim == 4 && x.dtype == float32 && HasFused("efqat::batch_norm", x);

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
    internal static (Tensor X, Tensor Weight, Tensor Bias, Tensor Scale, Tensor ZeroPoint) BatchNormFakeQuantizeBackward(
        Tensor grad, Normalized from, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
        var results = Native(
            "efqat::batch_norm_fake_quantize_backward", grad, from.Input, from.Mean, from.Inverse, from.Weight, from.Bias, scale, zeroPoint,
            grid.QMin, grid.QMax, relu);
        return (results[0], results[1], results[2], results[3], results[4]);
    }
}
