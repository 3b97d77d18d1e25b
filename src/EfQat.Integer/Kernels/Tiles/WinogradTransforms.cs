using System.Runtime.Intrinsics;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels.Tiles;

using V = Vector256<short>;

/// <summary>
/// F(2×2, 3×3) on integers (Lavin and Gray, arXiv 1509.09308, with 2G for G as EasyQuant's engine has it):
/// 4 · Y = Aᵀ [(2G g 2Gᵀ) ⊙ (Bᵀ d B)] A.
/// </summary>
static unsafe class WinogradTransforms
{
    /// <summary>Numbers of a transformed tile.</summary>
    public const int Taps = 16;

    /// <summary>One number of 2G g 2Gᵀ: at most 9 times the largest weight.</summary>
    /// <param name="weights">Of an output and an input channel, with the step between neighbouring taps. // [3, 3]</param>
    /// <param name="step">Input channels.</param>
    /// <param name="tap">Which of the 16.</param>
    public static int Weight(ReadOnlySpan<sbyte> weights, int step, int tap)
    {
        int sum = 0;
        for (int r = 0; r < 3; r++)
            for (int s = 0; s < 3; s++)
                sum += TwiceG[tap / 4 * 3 + r] * TwiceG[tap % 4 * 3 + s] * weights[(r * 3 + s) * step];
        return sum;
    }

    static ReadOnlySpan<sbyte> TwiceG => [2, 0, 0, 1, 1, 1, 1, -1, 1, 0, 0, 2];

    /// <summary>Bᵀ d B of all channels of one tile: at most 4 times the largest code, so it fits in INT16.</summary>
    /// <param name="source">The tile's first pixel.</param>
    /// <param name="row">Bytes from one row to the next.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="target">For the first of the 16 numbers of each channel.</param>
    /// <param name="step">From one number to the next.</param>
    public static void Input(byte* source, nint row, int channels, short* target, nint step)
    {
        for (int c = 0; c < channels; c += V.Count, source += V.Count, target += V.Count)
        {
            // Bᵀ d, a row at a time, then its columns. 
            V a0 = Codes(source), a1 = Codes(source + channels), a2 = Codes(source + 2 * channels), a3 = Codes(source + 3 * channels);
            byte* next = source + row;
            V b0 = Codes(next), b1 = Codes(next + channels), b2 = Codes(next + 2 * channels), b3 = Codes(next + 3 * channels);
            next += row;
            V c0 = Codes(next), c1 = Codes(next + channels), c2 = Codes(next + 2 * channels), c3 = Codes(next + 3 * channels);
            Columns(a0 - c0, a1 - c1, a2 - c2, a3 - c3, target, step);
            Columns(b0 + c0, b1 + c1, b2 + c2, b3 + c3, target + 4 * step, step);
            Columns(c0 - b0, c1 - b1, c2 - b2, c3 - b3, target + 8 * step, step);
            next += row;
            Columns(
                b0 - Codes(next), b1 - Codes(next + channels), b2 - Codes(next + 2 * channels), b3 - Codes(next + 3 * channels), target + 12 * step, step);
        }
    }

    static V Codes(byte* source) => Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()).AsInt16();

    static void Columns(V x0, V x1, V x2, V x3, short* target, nint step)
    {
        (x0 - x2).Store(target);
        (x1 + x2).Store(target + step);
        (x2 - x1).Store(target + 2 * step);
        (x1 - x3).Store(target + 3 * step);
    }

    /// <summary>Aᵀ M A / 4: four sums of the convolution.</summary>
    /// <param name="products">The first of 16 vectors.</param>
    /// <param name="step">From one to the next.</param>
    /// <param name="sums">Upper left, upper right, lower left, lower right.</param>
    public static void Output<TSet, TVector, P>(int* products, nint step, TVector* sums)
        where TSet : struct, IInstructions<TVector, P> where TVector : unmanaged where P : unmanaged
    {
        var (upper0, lower0) = Rows<TSet, TVector, P>(products, step);
        var (upper1, lower1) = Rows<TSet, TVector, P>(products + step, step);
        var (upper2, lower2) = Rows<TSet, TVector, P>(products + 2 * step, step);
        var (upper3, lower3) = Rows<TSet, TVector, P>(products + 3 * step, step);
        sums[0] = TSet.Quarter(TSet.Add(TSet.Add(upper0, upper1), upper2));
        sums[1] = TSet.Quarter(TSet.Subtract(TSet.Subtract(upper1, upper2), upper3));
        sums[2] = TSet.Quarter(TSet.Add(TSet.Add(lower0, lower1), lower2));
        sums[3] = TSet.Quarter(TSet.Subtract(TSet.Subtract(lower1, lower2), lower3));
    }

    /// <summary>Aᵀ M of one column.</summary>
    static (TVector Upper, TVector Lower) Rows<TSet, TVector, P>(int* products, nint step)
        where TSet : struct, IInstructions<TVector, P> where TVector : unmanaged where P : unmanaged
    {
        TVector x1 = TSet.Load(products + 4 * step), x2 = TSet.Load(products + 8 * step);
        return (TSet.Add(TSet.Add(TSet.Load(products), x1), x2), TSet.Subtract(TSet.Subtract(x1, x2), TSet.Load(products + 12 * step)));
    }
}
