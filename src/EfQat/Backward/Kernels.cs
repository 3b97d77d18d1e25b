using EfQat.Quantization;
#if LOCAL_TORCH
using Argument = TorchSharp.NativeOps.Argument;
#else
using Argument = object;
#endif

namespace EfQat.Backward;

/// <summary>
/// The operators that decide the speed, each in two forms: fused and native where LocalTorch provides it for the tensor's device, else
/// composed of plain torch operators (<see cref="PortableKernels"/>, <see cref="PortableConvolution"/>), which is also its test oracle.
/// </summary>
public static partial class Kernels
{
    /// <summary>False: the portable form everywhere.</summary>
    public static bool UseFused { get; set; } = true;

    /// <summary>False: convolutions keep their inputs for the backward pass as floats, as QAT usually does, not as the 8-bit codes of these.</summary>
    public static bool SaveCodes { get; set; } = true;

    /// <summary>x̂ and its codes q − qmin. // both [.., x's shape], float and uint8</summary>
    internal static (Tensor Quantized, Tensor Codes) FakeQuantize(Tensor x, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
        if (!HasFused("efqat::fake_quantize", x)) return PortableKernels.FakeQuantize(x, scale, zeroPoint, grid, relu);
        var results = Native("efqat::fake_quantize", x, scale, zeroPoint, grid.QMin, grid.QMax, relu);
        return (results[0], results[1]);
    }

    /// <summary>∂L/∂x, and the sums of ∂L/∂s and ∂L/∂z before their gradient scale k.</summary>
    internal static (Tensor X, Tensor Scale, Tensor ZeroPoint) FakeQuantizeBackward(
        Tensor grad, Tensor x, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
        if (!HasFused("efqat::fake_quantize_backward", x)) return PortableKernels.FakeQuantizeBackward(grad, x, scale, zeroPoint, grid, relu);
        var results = Native("efqat::fake_quantize_backward", grad, x, scale, zeroPoint, grid.QMin, grid.QMax, relu);
        return (results[0], results[1], results[2]);
    }

    /// <summary>ŵ, symmetric with a scale per row. // [R, …]</summary>
    internal static Tensor FakeQuantizeRows(Tensor rows, Tensor scale, Grid grid) =>
        HasFused("efqat::fake_quantize_rows", rows)
            ? Native("efqat::fake_quantize_rows", rows, scale, grid.QMin, grid.QMax)[0]
            : PortableKernels.FakeQuantizeRows(rows, scale, grid);

    /// <summary>∂L/∂w and the sums of ∂L/∂s of each row before their gradient scale k. // [R, …], [R]</summary>
    internal static (Tensor Rows, Tensor Scale) FakeQuantizeRowsBackward(Tensor grad, Tensor rows, Tensor scale, Grid grid)
    {
        if (!HasFused("efqat::fake_quantize_rows_backward", rows)) return PortableKernels.FakeQuantizeRowsBackward(grad, rows, scale, grid);
        var results = Native("efqat::fake_quantize_rows_backward", grad, rows, scale, grid.QMin, grid.QMax);
        return (results[0], results[1]);
    }

    private static bool HasFused(string name, Tensor tensor) =>
        tensor.device_type == DeviceType.CPU && tensor.dtype == float32 && precision != Precision.BFloat16 && HasNative(name);

#if LOCAL_TORCH
    private static bool HasNative(string name) => UseFused && NativeOps.Exists(name);

    private static Tensor[] Native(string name, params Argument[] arguments) => NativeOps.Call(name, arguments);
#else
    private static bool HasNative(string name) => false;

    private static Tensor[] Native(string name, params Argument[] arguments) => throw new PlatformNotSupportedException($"{name}: only LocalTorch can call it");
#endif
}
