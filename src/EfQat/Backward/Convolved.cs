using System.Runtime.CompilerServices;

namespace EfQat.Backward;

/// <summary>What a convolution's output was made from, for whoever comes next and would go back through it in one pass with its own work.</summary>
/// <param name="Input">X̂. // [N, C, H, W]</param>
/// <param name="Unfrozen">Where the gradient of the unfrozen filters goes; null where none is. // [R, C, kh, kw]</param>
/// <param name="Weight">Ŵ. // [K, C, kh, kw]</param>
/// <param name="Rows">The unfrozen filters.</param>
/// <param name="Shape">Stride, padding, groups.</param>
internal sealed record Convolved(Tensor Input, Tensor? Unfrozen, Tensor Weight, RowSet Rows, ConvShape Shape)
{
    private static readonly ConditionalWeakTable<Tensor, Convolved> Tags = [];

    public static void Attach(Tensor y, Convolved origin) => Tags.AddOrUpdate(y, origin);

    /// <summary>Null where y comes from elsewhere, or where what it was made from was disposed.</summary>
    public static Convolved? Of(Tensor y) => Tags.TryGetValue(y, out var origin) && !(origin.Input.IsInvalid || origin.Weight.IsInvalid) ? origin : null;
}
