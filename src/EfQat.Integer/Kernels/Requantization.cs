namespace EfQat.Integer.Kernels;

/// <summary>
/// From an INT32 sum to a code: clamp(⌊((sum + f / 2^16) · M + 2^(s−1)) / 2^s⌋ + zero, min, max), with a multiplier M, a shift s and a fraction f for
/// each output channel: to nearest, halves upwards, in 64 bits.
/// </summary>
/// <param name="Multiplier">M in [2^30, 2^31), or 0, for each channel.</param>
/// <param name="Shift">s in [1, 62] for each channel.</param>
/// <param name="Fraction">f for each channel: what a bias in whole units of the sum leaves out. At 4 bits a unit is no small part of a code.</param>
/// <param name="Zero">The code of zero.</param>
/// <param name="Min">The lowest code; a ReLU makes it <paramref name="Zero"/>.</param>
/// <param name="Max">The highest code.</param>
public sealed record Requantization(int[] Multiplier, sbyte[] Shift, short[] Fraction, byte Zero, byte Min, byte Max)
{
    /// <summary>The code of a sum.</summary>
    public byte Apply(int sum, int channel) =>
        (byte)Math.Clamp((((long)sum * Multiplier[channel] + Addend(channel)) >> Shift[channel]) + Zero, Min, Max);

    /// <summary>f · M / 2^16 + 2^(s−1).</summary>
    internal long Addend(int channel) => ((long)Fraction[channel] * Multiplier[channel] >> 16) + (1L << (Shift[channel] - 1));
}
