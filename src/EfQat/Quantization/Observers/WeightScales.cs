namespace EfQat.Quantization;

/// <summary>A scale per output channel of a weight.</summary>
public static class WeightScales
{
    /// <param name="weight">// [out, …]</param>
    /// <param name="grid">Symmetric.</param>
    /// <param name="kind">Which observer looks at each channel.</param>
    /// <returns>All positive; 1 for a channel of zeros. // [out]</returns>
    public static Tensor Observe(Tensor weight, Grid grid, ObserverKind kind)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var scales = new float[weight.shape[0]];
        for (int row = 0; row < scales.Length; row++)
        {
            var observer = Observer.Create(kind);
            observer.Observe(weight.select(0, row));
            scales[row] = observer.Compute(grid).Scale;
        }
        return tensor(scales, device: weight.device).MoveToOuterDisposeScope();
    }
}
