namespace EfQat.Quantization;

/// <summary>A learned scale is kept as its logarithm, so that no gradient step can make it negative.</summary>
internal static class LogScale
{
    /// <summary>s = exp(log s), held within the floats whose inverse is finite too.</summary>
    internal static Tensor Exp(Tensor logScale) => logScale.clamp(-80, 80).exp();
}
