namespace EfQat.Importance;

/// <summary>
/// How important a block of weights is: its mean magnitude, I_B = (1/n) · Σ_{w∈B} |w| (EfQAT, arXiv 2411.11038).
/// A block is an output channel, or a whole layer.
/// </summary>
public static class BlockImportance
{
    /// <summary>Of every output channel.</summary>
    /// <param name="weight">// [out, …]</param>
    public static float[] OfChannels(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.detach().abs().flatten(1).mean([1]).cpu().data<float>().ToArray();
    }

    /// <summary>Of the whole layer.</summary>
    public static float OfLayer(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.detach().abs().mean().item<float>();
    }
}
