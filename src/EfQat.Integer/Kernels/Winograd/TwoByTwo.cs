using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels.Winograd;

using Words = Vector256<short>;

/// <summary>
/// F(2×2, 3×3): 16 products for 4 outputs, where the convolution has 36. With 2G for G, as EasyQuant's engine has it, 4Y comes out.
/// |Bᵀ d B| ≤ 4 codes, |G g Gᵀ| ≤ 9 weights.
/// </summary>
readonly unsafe struct TwoByTwo : ITransform
{
    /// <summary>What comes out, in Y.</summary>
    public const int Factor = 4;

    public static int Outputs => 2;

    static ReadOnlySpan<sbyte> G => [2, 0, 0, 1, 1, 1, 1, -1, 1, 0, 0, 2];

    public static int Weight(ReadOnlySpan<sbyte> weights, int step, int tap) => ITransform.Weight(G, weights, step, tap);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(byte* source, nint row, int channels, short* target, nint step)
    {
        for (int c = 0; c < channels; c += Words.Count, source += Words.Count, target += Words.Count)
        {
            Words a0 = Codes(source), a1 = Codes(source + channels), a2 = Codes(source + 2 * channels), a3 = Codes(source + 3 * channels);
            byte* next = source + row;
            Words b0 = Codes(next), b1 = Codes(next + channels), b2 = Codes(next + 2 * channels), b3 = Codes(next + 3 * channels);
            next += row;
            Words c0 = Codes(next), c1 = Codes(next + channels), c2 = Codes(next + 2 * channels), c3 = Codes(next + 3 * channels);
            next += row;
            Words d0 = Codes(next), d1 = Codes(next + channels), d2 = Codes(next + 2 * channels), d3 = Codes(next + 3 * channels);
            Columns(a0 - c0, a1 - c1, a2 - c2, a3 - c3, target, step);
            Columns(b0 + c0, b1 + c1, b2 + c2, b3 + c3, target + 4 * step, step);
            Columns(c0 - b0, c1 - b1, c2 - b2, c3 - b3, target + 8 * step, step);
            Columns(b0 - d0, b1 - d1, b2 - d2, b3 - d3, target + 12 * step, step);
        }
    }

    /// <summary>16 codes as words.</summary>
    internal static Words Codes(byte* source) => Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()).AsInt16();

    static void Columns(Words x0, Words x1, Words x2, Words x3, short* target, nint step)
    {
        (x0 - x2).Store(target);
        (x1 + x2).Store(target + step);
        (x2 - x1).Store(target + 2 * step);
        (x1 - x3).Store(target + 3 * step);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output<TSet, V, P>(int* products, nint step, V* sums, int stride)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
    {
        var (upper0, lower0) = Column<TSet, V, P>(products, step);
        var (upper1, lower1) = Column<TSet, V, P>(products + step, step);
        var (upper2, lower2) = Column<TSet, V, P>(products + 2 * step, step);
        var (upper3, lower3) = Column<TSet, V, P>(products + 3 * step, step);
        sums[0] = TSet.ShiftRight(TSet.Add(TSet.Add(upper0, upper1), upper2), 2);
        sums[stride] = TSet.ShiftRight(TSet.Subtract(TSet.Subtract(upper1, upper2), upper3), 2);
        sums[2 * stride] = TSet.ShiftRight(TSet.Add(TSet.Add(lower0, lower1), lower2), 2);
        sums[3 * stride] = TSet.ShiftRight(TSet.Subtract(TSet.Subtract(lower1, lower2), lower3), 2);
    }

    /// <summary>Aᵀ m.</summary>
    static (V Upper, V Lower) Column<TSet, V, P>(int* m, nint step)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
    {
        V m1 = TSet.Load(m + 4 * step), m2 = TSet.Load(m + 8 * step);
        return (TSet.Add(TSet.Add(TSet.Load(m), m1), m2), TSet.Subtract(TSet.Subtract(m1, m2), TSet.Load(m + 12 * step)));
    }
}
