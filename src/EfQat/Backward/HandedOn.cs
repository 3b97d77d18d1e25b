using System.Runtime.CompilerServices;

namespace EfQat.Backward;

/// <summary>
/// A convolution's input as the convolution hands it on to who reads it next, in a residual block the addition: the same values, in the same memory,
/// whose gradient the convolution's backward adds to its own ∂L/∂X as it writes it. Had both read the input itself, autograd would form the sum,
/// and read and write all of it once more; the input's own gradient is the same.
/// </summary>
internal static class HandedOn
{
    private static readonly ConditionalWeakTable<Tensor, Tensor> Tags = [];

    public static void Attach(Tensor x, Tensor handedOn) => Tags.AddOrUpdate(x, handedOn);

    /// <summary>Once; then, and where nobody handed x on, x itself.</summary>
    public static Tensor Take(Tensor x) => Tags.Remove(x, out var handedOn) && !handedOn.IsInvalid ? handedOn : x;
}
