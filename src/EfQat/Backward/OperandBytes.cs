namespace EfQat.Backward;

/// <summary>
/// Bytes of the operands and results of the products that <see cref="MultiplyAdds"/> counts, each moved once: of a gradient and a weight for ∂L/∂X,
/// of the unfrozen rows of a gradient and an input for ∂L/∂W, an input counting as what it was saved as, floats or 8-bit codes.
/// </summary>
public static class OperandBytes
{
    private static long total;

    /// <summary>Counted since the process began; subtract an earlier reading.</summary>
    public static long Now => Interlocked.Read(ref total);

    internal static void AddInput(Tensor grad, Tensor weight, Tensor gradInput) => Interlocked.Add(ref total, Of(grad) + Of(weight) + Of(gradInput));

    internal static void AddWeight(Tensor grad, RowSet rows, Tensor input, Tensor gradRows) =>
        Interlocked.Add(ref total, Of(grad) / rows.Total * rows.Count + Of(input) + Of(gradRows));

    private static long Of(Tensor tensor) => tensor.numel() * tensor.element_size();
}
