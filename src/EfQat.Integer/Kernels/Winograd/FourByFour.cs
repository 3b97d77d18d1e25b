using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels.Winograd;

using Words = Vector256<short>;

/// <summary>
/// F(4×4, 3×3): 36 products for 16 outputs, where the convolution has 144. EasyQuant's engine takes 24G and divides by 576, which leaves room for six
/// bits. Here the last row of 24G is halved and that of A doubled: |G g Gᵀ| ≤ 144 weights and |Bᵀ d B| ≤ 68 codes fit in INT16 at eight bits. And of
/// 576Y, 9 divides out modulo 2^32, by a multiplication with its inverse: only 64Y has to fit in INT32.
/// </summary>
readonly unsafe struct FourByFour : ITransform
{
    /// <summary>What has to fit, in Y.</summary>
    public const int Factor = 64;

    /// <summary>1/9 modulo 2^32.</summary>
    const int Ninth = 0x38E38E39;

    public static int Outputs => 4;

    static ReadOnlySpan<sbyte> G => [6, 0, 0, -4, -4, -4, -4, 4, -4, 1, 2, 4, 1, -2, 4, 0, 0, 12];

    public static int Weight(ReadOnlySpan<sbyte> weights, int step, int tap) => ITransform.Weight(G, weights, step, tap);

    [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]
    public static void Input(byte* source, nint row, int channels, short* target, nint step)
    {
        Words* half = stackalloc Words[36];
        for (int c = 0; c < channels; c += Words.Count, source += Words.Count, target += Words.Count)
        {
            for (int x = 0; x < 6; x++)
            {
                byte* top = source + x * channels;
                Input(Codes(top), Codes(top + row), Codes(top + 2 * row), Codes(top + 3 * row), Codes(top + 4 * row), Codes(top + 5 * row),
                    (short*)(half + x), 6 * Words.Count);
            }
            for (int y = 0; y < 6; y++)
            {
                Words* left = half + 6 * y;
                Input(left[0], left[1], left[2], left[3], left[4], left[5], target + 6 * y * step, step);
            }
        }
    }

    static Words Codes(byte* source) => TwoByTwo.Codes(source);

    /// <summary>Bᵀ d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Input(Words d0, Words d1, Words d2, Words d3, Words d4, Words d5, short* target, nint step)
    {
        Words even = d4 - d2, odd = (d3 - d1) << 1;
        (even + ((d0 - d2) << 2)).Store(target);
        (d4 + d3 - ((d1 + d2) << 2)).Store(target + step);
        (d4 - d3 + ((d1 - d2) << 2)).Store(target + 2 * step);
        (even + odd).Store(target + 3 * step);
        (even - odd).Store(target + 4 * step);
        (d5 - d3 - (odd << 1)).Store(target + 5 * step);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]
    public static void Output<TSet, V, P>(int* products, nint step, V* sums, int stride)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
    {
        V* half = stackalloc V[24];
        for (int x = 0; x < 6; x++)
        {
            int* top = products + x * step;
            Output<TSet, V, P>(TSet.Load(top), TSet.Load(top + 6 * step), TSet.Load(top + 12 * step), TSet.Load(top + 18 * step),
                TSet.Load(top + 24 * step), TSet.Load(top + 30 * step), half + x, 6);
        }
        for (int y = 0; y < 4; y++)
        {
            V* left = half + 6 * y;
            Output<TSet, V, P>(left[0], left[1], left[2], left[3], left[4], left[5], sums + 4 * y * stride, stride);
        }
        for (int i = 0; i < 16; i++) sums[i * stride] = TSet.ShiftRight(TSet.Multiply(sums[i * stride], Ninth), 6);
    }

    /// <summary>Aᵀ m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Output<TSet, V, P>(V m0, V m1, V m2, V m3, V m4, V m5, V* target, int step)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
    {
        V near = TSet.Add(m1, m2), far = TSet.Add(m3, m4), slope = TSet.Subtract(m1, m2), steep = TSet.ShiftLeft(TSet.Subtract(m3, m4), 1);
        target[0] = TSet.Add(TSet.Add(m0, near), far);
        target[step] = TSet.Add(slope, steep);
        target[2 * step] = TSet.Add(near, TSet.ShiftLeft(far, 2));
        target[3 * step] = TSet.Add(TSet.Add(slope, TSet.ShiftLeft(steep, 2)), TSet.ShiftLeft(m5, 1));
    }
}
