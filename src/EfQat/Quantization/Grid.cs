namespace EfQat.Quantization;

/// <summary>
/// A uniform affine grid of integers: q = clamp(round(x / s) + z, qmin, qmax), x̂ = (q − z)·s, rounding half to even.
/// </summary>
/// <param name="Bits">2–8.</param>
/// <param name="Signed">[−2^(b−1), 2^(b−1)−1] where true, else [0, 2^b−1].</param>
/// <param name="Symmetric">The zero point is 0.</param>
/// <param name="Narrow">Drops the lowest signed code, so that every code has its negative.</param>
public readonly record struct Grid(int Bits, bool Signed, bool Symmetric, bool Narrow = false)
{
    /// <summary>2–8.</summary>
    public int Bits { get; } = Bits is >= 2 and <= 8
        ? Bits
        : throw new UserError($"bits {Bits}: a grid has 2 to 8 bits; choose a width in that range, e.g. W4A8");

    /// <summary>The lowest code.</summary>
    public int QMin => Signed ? -(1 << (Bits - 1)) + (Narrow ? 1 : 0) : 0;

    /// <summary>The highest code.</summary>
    public int QMax => Signed ? (1 << (Bits - 1)) - 1 : (1 << Bits) - 1;

    /// <summary>How many codes there are.</summary>
    public int Levels => QMax - QMin + 1;

    /// <summary>The grid of weights: signed and symmetric.</summary>
    public static Grid Weights(int bits, bool narrow = false) => new(bits, Signed: true, Symmetric: true, narrow);

    /// <summary>The grid of activations: unsigned, with a zero point.</summary>
    public static Grid Activations(int bits) => new(bits, Signed: false, Symmetric: false);

    /// <summary>The scale and zero point that cover a range; an asymmetric range is extended to hold 0, which stays exact.</summary>
    /// <returns>Scale &gt; 0 (1 for an empty range) and a zero point on the grid.</returns>
    public (float Scale, float ZeroPoint) FromRange(double min, double max)
    {
        if (!double.IsFinite(min) || !double.IsFinite(max))
            throw new UserError($"range [{min}, {max}]: the tensor being calibrated holds NaN or infinity; look at the layer before it");
        (min, max) = (Math.Min(min, 0), Math.Max(max, 0));
        if (Symmetric)
        {
            double bound = Math.Max(max, -min);
            return (Positive(bound / (Signed ? QMax : Levels - 1)), 0);
        }
        float scale = Positive((max - min) / (QMax - QMin));
        return (scale, (float)Math.Clamp(Math.Round(QMin - min / scale), QMin, QMax));
    }

    private static float Positive(double scale) => scale >= 1e-30 ? (float)scale : 1;
}
