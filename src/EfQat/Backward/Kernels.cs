using EfQat.Quantization;

namespace EfQat.Backward;

/// <summary>
/// The operators that decide the speed, each in two forms: fused and native where LocalTorch provides it for the tensor's device, else
/// composed of plain torch operators (<see cref="PortableKernels"/>, <see cref="PortableConvolution"/>), which is also its test oracle.
/// </summary>
public static partial class Kernels
{
    /// <summary>False: the portable form everywhere.</summary>
    public static bool UseFused { get; set; } = true;

    /// <summary>x̂ and its codes q − qmin. // both [.., x's shape], float and uint8</summary>
    internal static (Tensor Quantized, Tensor Codes) FakeQuantize(Tensor x, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
#if LOCAL_TORCH
        if (HasFused("efqat::fake_quantize", x))
        {
            var results = NativeOps.Call("efqat::fake_quantize", x, scale, zeroPoint, grid.QMin, grid.QMax, relu);
            return (results[0], results[1]);
        }
#endif
        return PortableKernels.FakeQuantize(x, scale, zeroPoint, grid, relu);
    }

    /// <summary>∂L/∂x, and the sums of ∂L/∂s and ∂L/∂z before their gradient scale k.</summary>
    internal static (Tensor X, Tensor Scale, Tensor ZeroPoint) FakeQuantizeBackward(
        Tensor grad, Tensor x, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
#if LOCAL_TORCH
        if (HasFused("efqat::fake_quantize_backward", x))
        {
            var results = NativeOps.Call("efqat::fake_quantize_backward", grad, x, scale, zeroPoint, grid.QMin, grid.QMax, relu);
            return (results[0], results[1], results[2]);
        }
#endif
        return PortableKernels.FakeQuantizeBackward(grad, x, scale, zeroPoint, grid, relu);
    }

    /// <summary>ŵ, symmetric with a scale per row. // [R, …]</summary>
    internal static Tensor FakeQuantizeRows(Tensor rows, Tensor scale, Grid grid)
    {
#if LOCAL_TORCH
        if (HasFused("efqat::fake_quantize_rows", rows))
            return NativeOps.Call("efqat::fake_quantize_rows", rows, scale, grid.QMin, grid.QMax)[0];
#endif
        return PortableKernels.FakeQuantizeRows(rows, scale, grid);
    }

    /// <summary>∂L/∂w and the sums of ∂L/∂s of each row before their gradient scale k. // [R, …], [R]</summary>
    internal static (Tensor Rows, Tensor Scale) FakeQuantizeRowsBackward(Tensor grad, Tensor rows, Tensor scale, Grid grid)
    {
#if LOCAL_TORCH
        if (HasFused("efqat::fake_quantize_rows_backward", rows))
        {
            var results = NativeOps.Call("efqat::fake_quantize_rows_backward", grad, rows, scale, grid.QMin, grid.QMax);
            return (results[0], results[1]);
        }
#endif
        return PortableKernels.FakeQuantizeRowsBackward(grad, rows, scale, grid);
    }

#if LOCAL_TORCH
    private static bool HasFused(string name, Tensor tensor) => UseFused && tensor.device_type == DeviceType.CPU && NativeOps.Exists(name);
#endif
}
