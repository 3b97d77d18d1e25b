using System.Runtime.CompilerServices;

namespace EfQat.Quantization;

/// <summary>A tensor as the integers that an inference engine would hold.</summary>
/// <param name="Codes">q − qmin. // uint8, the tensor's shape</param>
/// <param name="Scale">Per tensor or per output channel. // [1] or [out]</param>
/// <param name="ZeroPoint">An integer in value. // [1]</param>
/// <param name="Grid">What the codes mean.</param>
public sealed record QuantizedTensor(Tensor Codes, Tensor Scale, Tensor ZeroPoint, Grid Grid)
{
    /// <summary>q. // int16, the tensor's shape</summary>
    public Tensor Integers() => Codes.to(int16) + Grid.QMin;

    /// <summary>(q − z)·s. // float, the tensor's shape</summary>
    public Tensor Dequantize()
    {
        var scale = Scale.numel() == 1 ? Scale : Scale.reshape([-1, .. Enumerable.Repeat(1L, (int)Codes.ndim - 1)]);
        return (Codes.to(float32) + Grid.QMin - ZeroPoint) * scale;
    }

    /// <summary>The integers of a symmetric weight with a scale per output channel.</summary>
    /// <param name="weight">// [out, …]</param>
    /// <param name="scales">// [out]</param>
    /// <param name="grid">Symmetric.</param>
    public static QuantizedTensor OfRows(Tensor weight, Tensor scales, Grid grid)
    {
        using var off = no_grad();
        var inverse = scales.reciprocal().reshape([-1, .. Enumerable.Repeat(1L, (int)weight.ndim - 1)]);
        var codes = ((weight * inverse).round().clamp(grid.QMin, grid.QMax) - grid.QMin).to(uint8);
        return new(codes, scales.detach(), zeros(1, device: weight.device), grid);
    }
}

/// <summary>A tensor on a grid carries its integers: whoever quantized it attaches them, whoever reads it may use them.</summary>
public static class GridTag
{
    private static readonly ConditionalWeakTable<Tensor, QuantizedTensor> Tags = [];

    /// <summary>Says that a tensor lies on a grid.</summary>
    public static void Attach(Tensor tensor, QuantizedTensor integers) => Tags.AddOrUpdate(tensor, integers);

    /// <summary>The tensor's integers; null where it is a float, or where they were disposed.</summary>
    public static QuantizedTensor? Of(Tensor tensor) => Tags.TryGetValue(tensor, out var integers) && !integers.Codes.IsInvalid ? integers : null;
}
