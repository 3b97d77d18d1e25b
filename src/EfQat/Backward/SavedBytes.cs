namespace EfQat.Backward;

/// <summary>
/// Bytes that a forward pass keeps for its backward pass, by what keeps them; a tensor that two keep counts once. No masks are kept: what was clipped
/// is seen again in the quantizer's input. Of operators that are libtorch's own nothing is known here.
/// </summary>
/// <param name="Codes">Inputs of layers as 8-bit codes.</param>
/// <param name="Floats">Inputs of layers as floats.</param>
/// <param name="NormInputs">Inputs of batch normalizations.</param>
/// <param name="QuantizerInputs">Inputs of the other activation quantizers: ∂L/∂s needs the rounding errors.</param>
/// <param name="Weights">Ŵ of layers whose rows are all trained; a partly frozen layer keeps its own from step to step.</param>
public readonly record struct SavedBytes(long Codes, long Floats, long NormInputs, long QuantizerInputs, long Weights)
{
    [ThreadStatic] private static (HashSet<Tensor> Seen, long[] Bytes)? record;

    internal enum Kind { Codes, Floats, NormInputs, QuantizerInputs, Weights }

    /// <summary>All kinds together.</summary>
    public long Total => Codes + Floats + NormInputs + QuantizerInputs + Weights;

    /// <summary>Runs a forward pass and counts.</summary>
    public static (T Result, SavedBytes Saved) During<T>(Func<T> forward)
    {
        var bytes = new long[Enum.GetValues<Kind>().Length];
        record = (new(ReferenceEqualityComparer.Instance), bytes);
        try
        {
            var result = forward();
            return (result, new(bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]));
        }
        finally
        {
            record = null;
        }
    }

    internal static void Add(Kind kind, Tensor tensor)
    {
        if (record is { } open && open.Seen.Add(tensor)) open.Bytes[(int)kind] += tensor.numel() * tensor.element_size();
    }
}
