namespace EfQat.Integer.Kernels;

/// <summary>
/// From an INT32 sum to a code: clamp(⌊(sum · M + 2^(s−1)) / 2^s⌋ + zero, min, max), with a multiplier M and a shift s for each output channel:
/// to nearest, halves upwards, in 64 bits.
/// </summary>
/// <param name="Multiplier">M in [2^30, 2^31), or 0, for each channel.</param>
/// <param name="Shift">s in [1, 62] for each channel.</param>
/// <param name="Zero">The code of zero.</param>
/// <param name="Min">The lowest code; a ReLU makes it <paramref name="Zero"/>.</param>
/// <param name="Max">The highest code.</param>
public sealed record Requantization(int[] Multiplier, int[] Shift, byte Zero, byte Min, byte Max)
{
    /// <summary>The code of a sum.</summary>
    public byte Apply(int sum, int channel) =>
        (byte)Math.Clamp((((long)sum * Multiplier[channel] + (1L << (Shift[channel] - 1))) >> Shift[channel]) + Zero, Min, Max);
}
