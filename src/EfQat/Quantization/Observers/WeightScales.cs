namespace EfQat.Quantization;

/// <summary>The scales of a weight, each from the weights it is for.</summary>
public static class WeightScales
{
    /// <param name="weight">// [out, in, …]</param>
    /// <param name="grid">Symmetric.</param>
    /// <param name="kind">Which observer looks at them.</param>
    /// <param name="granularity">How many weights share a scale.</param>
    /// <returns>All positive; 1 where all weights are 0. // [1], [out] or [out, groups]</returns>
    public static Tensor Observe(Tensor weight, Grid grid, ObserverKind kind, Granularity granularity = default)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        long[] shape = granularity.Scales(weight.shape);
        var scales = new float[shape.Aggregate((a, b) => a * b)];
        var groups = weight.reshape(scales.Length, -1);
        for (int i = 0; i < scales.Length; i++)
        {
            var observer = Observer.Create(kind);
            observer.Observe(groups.select(0, i));
            scales[i] = observer.Compute(grid).Scale;
        }
        return tensor(scales, shape, device: weight.device).MoveToOuterDisposeScope();
    }
}
