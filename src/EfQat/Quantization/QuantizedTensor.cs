using System.Runtime.CompilerServices;
using EfQat.Backward;

namespace EfQat.Quantization;

/// <summary>A tensor as the integers that an inference engine would hold.</summary>
/// <param name="Codes">q − qmin. // uint8, the tensor's shape</param>
/// <param name="Scale">The values of a scale lie one after another. // [1], [out] or [out, groups]; see <see cref="Granularity"/></param>
/// <param name="ZeroPoint">An integer in value. // [1]</param>
/// <param name="Grid">What the codes mean.</param>
public sealed record QuantizedTensor(Tensor Codes, Tensor Scale, Tensor ZeroPoint, Grid Grid)
{
    /// <summary>Who put it on the grid; null where nobody says.</summary>
    public FakeQuantize? Quantizer { get; init; }

    /// <summary>What moved it since, first to last.</summary>
    internal IReadOnlyList<KeepsGrid> Moves { get; init; } = [];

    /// <summary>q. // int16, the tensor's shape</summary>
    public Tensor Integers() => Codes.to(int16) + Grid.QMin;

    /// <summary>(q − z)·s. // float, the tensor's shape</summary>
    public Tensor Dequantize() => ((Codes.to(float32) + Grid.QMin - ZeroPoint).reshape(Scale.numel(), -1) * Scale.reshape(-1, 1)).reshape(Codes.shape);

    /// <summary>The integers of a symmetric weight.</summary>
    /// <param name="weight">// [out, in, …]</param>
    /// <param name="scales">// [1], [out] or [out, groups]</param>
    /// <param name="grid">Symmetric.</param>
    public static QuantizedTensor OfWeight(Tensor weight, Tensor scales, Grid grid)
    {
        using var off = no_grad();
        var q = (weight.reshape(scales.numel(), -1) * scales.reciprocal().reshape(-1, 1)).round().clamp(grid.QMin, grid.QMax);
        return new((q - grid.QMin).to(uint8).reshape(weight.shape), scales.detach(), zeros(1, device: weight.device), grid);
    }

    /// <summary>The integers of another tensor that holds values of this one, or zeros.</summary>
    public QuantizedTensor ReadOff(Tensor values)
    {
        using var off = no_grad();
        return this with { Codes = Kernels.FakeQuantize(values, Scale, ZeroPoint, Grid, relu: false).Codes };
    }
}

/// <summary>A tensor on a grid carries its integers: whoever quantized it attaches them, whoever reads it may use them.</summary>
public static class GridTag
{
    private static readonly ConditionalWeakTable<Tensor, QuantizedTensor> Tags = [];

    /// <summary>Says that a tensor lies on a grid.</summary>
    public static void Attach(Tensor tensor, QuantizedTensor integers) => Tags.AddOrUpdate(tensor, integers);

    /// <summary>
    /// Takes a block's result and its integers out of the innermost dispose scope: what the block needed on the way is freed when the scope
    /// ends, and the next layer writes into memory that is still in the cache.
    /// </summary>
    /// <returns>The tensor.</returns>
    public static Tensor LeaveScope(this Tensor tensor)
    {
        if (Of(tensor) is { } integers)
            foreach (var part in (Tensor[])[integers.Codes, integers.Scale, integers.ZeroPoint]) part.MoveToOuterDisposeScope();
        return tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Frees a tensor and its integers before their scope ends; a backward pass has handles of its own.</summary>
    internal static void Free(Tensor tensor)
    {
        if (Of(tensor) is { } integers)
            foreach (var part in (Tensor[])[integers.Codes, integers.Scale, integers.ZeroPoint]) part.Dispose();
        tensor.Dispose();
    }

    /// <summary>The tensor's integers; null where it is a float, or where they were disposed.</summary>
    public static QuantizedTensor? Of(Tensor tensor) => Tags.TryGetValue(tensor, out var integers) && !integers.Codes.IsInvalid ? integers : null;
}
