using System.Numerics;
using System.Runtime.InteropServices;

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
        int i = 0;
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
        for (; i <= output.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(codes[i..]), out var low, out var high);
            Vector.Narrow(Codes(low), Codes(high)).CopyTo(output[i..]);
        }
        for (; i < output.Length; i++) output[i] = Apply(codes[i], 0);
    }

    private Vector<ushort> Codes(Vector<ushort> first, Vector<ushort> second)
    {
        Vector.Widen(first, out var firstLow, out var firstHigh);
        Vector.Widen(second, out var secondLow, out var secondHigh);
        return Vector.Narrow(
            Codes(firstLow.As<uint, int>() * First + secondLow.As<uint, int>() * Second),
            Codes(firstHigh.As<uint, int>() * First + secondHigh.As<uint, int>() * Second));
    }

    private Vector<ushort> Codes(Vector<ushort> codes)
    {
        Vector.Widen(codes, out var low, out var high);
        return Vector.Narrow(Codes(low.As<uint, int>() * First), Codes(high.As<uint, int>() * First));
    }

    private Vector<uint> Codes(Vector<int> sums) => Vector.Clamp((sums + new Vector<int>(Offset)) >> Shift, new(Min), new(Max)).As<int, uint>();
}
