using EfQat.Quantization;

namespace EfQat.Backward;

/// <summary>Fake-quantize from operators every torch has; equal to the fused form bit for bit in the forward pass.</summary>
internal static class PortableKernels
{
    internal static (Tensor Quantized, Tensor Codes) FakeQuantize(Tensor x, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
        if (relu) x = x.relu();
        var q = ((x * scale.reciprocal()).round() + zeroPoint).clamp(grid.QMin, grid.QMax);
        return ((q - zeroPoint) * scale, (q - grid.QMin).to(uint8));
    }

    internal static (Tensor X, Tensor Scale, Tensor ZeroPoint) FakeQuantizeBackward(
        Tensor grad, Tensor x, Tensor scale, Tensor zeroPoint, Grid grid, bool relu)
    {
        var positive = relu ? x.relu() : x;
        var u = positive * scale.reciprocal();
        var code = u.round() + zeroPoint;
        var q = code.clamp(grid.QMin, grid.QMax);
        var inside = code.eq(q);
        var passed = grad * inside.to(grad.dtype);
        var gradX = relu ? passed * x.gt(0).to(grad.dtype) : passed;
        return (gradX, (grad * (q - zeroPoint - Kept(u, inside))).sum(), (passed - grad).sum() * scale);
    }

    internal static Tensor FakeQuantizeRows(Tensor rows, Tensor scale, Grid grid)
    {
        var s = PerRow(scale, rows);
        return (rows * s.reciprocal()).round().clamp(grid.QMin, grid.QMax) * s;
    }

    internal static (Tensor Rows, Tensor Scale) FakeQuantizeRowsBackward(Tensor grad, Tensor rows, Tensor scale, Grid grid)
    {
        var u = rows * PerRow(scale, rows).reciprocal();
        var q = u.round().clamp(grid.QMin, grid.QMax);
        var inside = u.round().eq(q);
        return (grad * inside.to(grad.dtype), (grad * (q - Kept(u, inside))).flatten(1).sum([1]));
    }

    /// <summary>u inside the grid, else 0: a product with the mask would turn an infinite u into NaN.</summary>
    private static Tensor Kept(Tensor u, Tensor inside) => u.masked_fill(inside.logical_not(), 0);

    private static Tensor PerRow(Tensor scale, Tensor rows) => scale.reshape([-1, .. Enumerable.Repeat(1L, (int)rows.ndim - 1)]);
}
