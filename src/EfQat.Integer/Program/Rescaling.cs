using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EfQat.Integer.Program;

/// <summary>
/// From the codes of one or two grids to a code of another: clamp(⌊(Σ M·code + offset) / 2^s⌋, min, max), in 32 bits. The offset holds the zeros of
/// all grids and 2^(s−1): to nearest, halves upwards.
/// </summary>
/// <param name="First">M of the first operand.</param>
/// <param name="Second">M of the second operand, or 0.</param>
/// <param name="Offset">Added to the sum.</param>
/// <param name="Shift">s.</param>
/// <param name="Min">The lowest code.</param>
/// <param name="Max">The highest code.</param>
public sealed record Rescaling(int First, int Second, int Offset, int Shift, byte Min, byte Max)
{
    /// <summary>The code of two codes.</summary>
    public byte Apply(byte first, byte second) => (byte)Math.Clamp((First * first + Second * second + Offset) >> Shift, Min, Max);

    /// <summary>The codes of as many pairs.</summary>
    public unsafe void Apply(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        int i = 0;
        if (Avx2.IsSupported)
            fixed (byte* x = first, y = second, target = output)
                for (; i <= output.Length - Vector256<byte>.Count; i += Vector256<byte>.Count) Codes(x + i, y + i).Store(target + i);
        for (; i <= output.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(first[i..]), out var firstLow, out var firstHigh);
            Vector.Widen(new Vector<byte>(second[i..]), out var secondLow, out var secondHigh);
            Vector.Narrow(Codes(firstLow, secondLow), Codes(firstHigh, secondHigh)).CopyTo(output[i..]);
        }
        for (; i < output.Length; i++) output[i] = Apply(first[i], second[i]);
    }

    /// <summary>The codes of first operands, where the second has no part.</summary>
    /// <param name="codes">Pixels.</param>
    /// <param name="output">The first pixel's codes come first, the next one's a stride behind them.</param>
    /// <param name="channels">Of a pixel.</param>
    /// <param name="stride">In codes.</param>
    public unsafe void Apply(ReadOnlySpan<byte> codes, Span<byte> output, int channels, int stride)
    {
        bool same = First == 1 << Shift && Offset == 1 << (Shift - 1);
        int vectors = Avx2.IsSupported ? channels / Vector256<byte>.Count * Vector256<byte>.Count : 0;
        fixed (byte* x = codes, target = output)
            for (int from = 0, to = 0; from < codes.Length; from += channels, to += stride)
            {
                for (int i = 0; i < vectors; i += Vector256<byte>.Count)
                    (same ? Clamped(Vector256.Load(x + from + i)) : Codes(x + from + i, x + from + i)).Store(target + to + i);
                for (int i = vectors; i < channels; i++) target[to + i] = Apply(x[from + i], 0);
            }
    }

    /// <summary>Those of 32 pairs; packing saturates, which changes nothing as they are clamped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe Vector256<byte> Codes(byte* first, byte* second)
    {
        var words = Avx2.PackSignedSaturate(Eight(first, second), Eight(first + 8, second + 8));
        var others = Avx2.PackSignedSaturate(Eight(first + 16, second + 16), Eight(first + 24, second + 24));
        var codes = Avx2.PackUnsignedSaturate(words, others).AsInt32();
        return Clamped(Avx2.PermuteVar8x32(codes, Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe Vector256<int> Eight(byte* first, byte* second) =>
        (Avx2.ConvertToVector256Int32(first) * First + Avx2.ConvertToVector256Int32(second) * Second + Vector256.Create(Offset)) >> Shift;

    private Vector256<byte> Clamped(Vector256<byte> codes) => Vector256.Min(Vector256.Max(codes, Vector256.Create(Min)), Vector256.Create(Max));

    private Vector<ushort> Codes(Vector<ushort> first, Vector<ushort> second)
    {
        Vector.Widen(first, out var firstLow, out var firstHigh);
        Vector.Widen(second, out var secondLow, out var secondHigh);
        return Vector.Narrow(
            Codes(firstLow.As<uint, int>() * First + secondLow.As<uint, int>() * Second),
            Codes(firstHigh.As<uint, int>() * First + secondHigh.As<uint, int>() * Second));
    }

    private Vector<uint> Codes(Vector<int> sums) => Vector.Clamp((sums + new Vector<int>(Offset)) >> Shift, new(Min), new(Max)).As<int, uint>();
}
