using EfQat.Integer.Kernels;
using EfQat.Integer.Program;

namespace EfQat.Integer.Compilation;

/// <summary>Real factors as integers.</summary>
internal static class FixedPoint
{
    /// <summary>M in [2^30, 2^31) and s with M / 2^s next to a factor in (2^−32, 2^30): the 24 bits of it that a 32-bit float has.</summary>
    public static (int Multiplier, sbyte Shift) Of(double factor)
    {
        int shift = 30 - Math.ILogB(factor);
        double multiplier = Math.ScaleB(Math.Round(Math.ScaleB(factor, shift - 7)), 7);
        if (multiplier >= 1L << 31) (multiplier, shift) = (multiplier / 2, shift - 1);
        return shift is >= 1 and <= 62
            ? ((int)multiplier, (sbyte)shift)
            : throw new UserError($"a scale is {factor:E1} times the next one: no fixed-point factor reaches that; calibrate again, on more varied samples");
    }

    /// <summary>From sums in some units to a grid.</summary>
    /// <param name="grid">The next one.</param>
    /// <param name="units">Of each channel's sum.</param>
    /// <param name="rests">What is missing from each channel's sum, in its units; null: nothing.</param>
    public static Requantization Requantization(TargetGrid grid, double[] units, double[]? rests = null)
    {
        var factors = units.Select(unit => Of(unit / grid.Scale)).ToArray();
        return new([.. factors.Select(factor => factor.Multiplier)], [.. factors.Select(factor => factor.Shift)],
            [.. units.Select((unit, i) => Fraction(rests?[i] ?? 0, unit / grid.Scale))], grid.Zero, 0, grid.Max);
    }

    /// <summary>A part of a sum's unit, from −½ to ½, in 2^−16, with the bits that move a code by 2^−16 or more.</summary>
    private static short Fraction(double part, double factor)
    {
        int step = 1 << 16 - Math.Clamp(17 + Math.ILogB(factor), 1, 16);
        return (short)Math.Clamp(Math.Round(Math.ScaleB(part, 16) / step) * step, short.MinValue, -short.MinValue - step);
    }

    /// <summary>From the codes of one or two grids to a grid, with as many bits as 32-bit sums leave.</summary>
    public static Rescaling Rescaling(TargetGrid grid, Codes first, Codes? second = null)
    {
        double a = first.Scale / grid.Scale, b = (second?.Scale ?? 0) / grid.Scale;
        // Every sum stays below 2^30: its terms, the zeros' and the halves' parts together.
        int shift = Math.Min(29 - Math.ILogB(2 * byte.MaxValue * (a + b) + byte.MaxValue + 1), 24);
        if (shift < 1) throw new UserError($"a scale is {a + b:E1} times the next one: codes cannot be brought to that grid; calibrate again, on more varied samples");
        int m = (int)Math.Round(Math.ScaleB(a, shift)), n = (int)Math.Round(Math.ScaleB(b, shift));
        return new(m, n, (grid.Zero << shift) + (1 << (shift - 1)) - m * first.Zero - n * (second?.Zero ?? 0), shift, 0, grid.Max);
    }
}
