using System.Numerics;
using System.Runtime.InteropServices;
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
    public void Apply(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        int i = Vectors(first, second, output);
        for (; i <= output.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(first[i..]), out var firstLow, out var firstHigh);
            Vector.Widen(new Vector<byte>(second[i..]), out var secondLow, out var secondHigh);
            Vector.Narrow(Codes(firstLow, secondLow), Codes(firstHigh, secondHigh)).CopyTo(output[i..]);
        }
        for (; i < output.Length; i++) output[i] = Apply(first[i], second[i]);
    }

    /// <summary>The codes of as many first operands, where the second has no part.</summary>
    public void Apply(ReadOnlySpan<byte> codes, Span<byte> output)
    {
        int i = 0;
        if (First == 1 << Shift && Offset == 1 << (Shift - 1)) // the same grid
            for (; i <= output.Length - Vector<byte>.Count; i += Vector<byte>.Count)
                Vector.Clamp(new Vector<byte>(codes[i..]), new(Min), new(Max)).CopyTo(output[i..]);
        if (i < output.Length) Apply(codes[i..], codes[i..], output[i..]);
    }

    /// <summary>With AVX2, 32 codes at a time; packing saturates, which changes nothing as they are clamped.</summary>
    /// <returns>How many are written.</returns>
    private unsafe int Vectors(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        if (!Avx2.IsSupported) return 0;
        int done = 0;
        Vector256<int> m = Vector256.Create(First), n = Vector256.Create(Second), offset = Vector256.Create(Offset);
        fixed (byte* x = first, y = second, target = output)
            for (; done <= output.Length - Vector256<byte>.Count; done += Vector256<byte>.Count)
            {
                var words = Avx2.PackSignedSaturate(Eight(x + done, y + done), Eight(x + done + 8, y + done + 8));
                var others = Avx2.PackSignedSaturate(Eight(x + done + 16, y + done + 16), Eight(x + done + 24, y + done + 24));
                var codes = Avx2.PackUnsignedSaturate(words, others).AsInt32();
                codes = Avx2.PermuteVar8x32(codes, Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7));
                Avx2.Min(Avx2.Max(codes.AsByte(), Vector256.Create(Min)), Vector256.Create(Max)).Store(target + done);
            }
        return done;

        Vector256<int> Eight(byte* first, byte* second) =>
            (Avx2.MultiplyLow(Avx2.ConvertToVector256Int32(first), m) + Avx2.MultiplyLow(Avx2.ConvertToVector256Int32(second), n) + offset) >> Shift;
    }

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
