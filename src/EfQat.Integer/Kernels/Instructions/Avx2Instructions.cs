using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EfQat.Integer.Kernels.Instructions;

using V = Vector256<int>;

/// <summary>
/// 256 bits. For 128 products, exact INT8 takes 8 vpmaddwd and 8 vpaddd; INT7 takes 4 vpmaddubsw, and with four products in an INT16 lane 2 vpaddw,
/// 2 vpmaddwd by ones and 2 vpaddd, ten in all; with eight 3, 1 and 1, nine in all.
/// </summary>
readonly unsafe struct Avx2Instructions : IInstructions<V, Vector256<short>>
{
    public static int Lanes => 8;

    public static int Products => 2;

    public static V Load(void* address) => Vector256.Load((int*)address);

    public static void Store(V vector, int* address) => vector.Store(address);

    public static V Broadcast(byte* address) => Avx2.BroadcastScalarToVector256((int*)address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pairs(byte* first, byte* second, out V a, out V b, out V c, out V d)
    {
        Vector256<byte> left = Vector256.Load(first), right = Vector256.Load(second);
        Vector256<byte> lower = Avx2.UnpackLow(left, right), upper = Avx2.UnpackHigh(left, right);
        (a, b) = (Avx2.UnpackLow(lower, default).AsInt32(), Avx2.UnpackHigh(lower, default).AsInt32());
        (c, d) = (Avx2.UnpackLow(upper, default).AsInt32(), Avx2.UnpackHigh(upper, default).AsInt32());
    }

    /// <summary>Each half of a register is unpacked for itself.</summary>
    public static int Order(int lane) => lane % 8 / 4 * 16 + lane / 8 * 4 + lane % 4;

    public static V Add(V left, V right) => Avx2.Add(left, right);

    public static V Subtract(V left, V right) => Avx2.Subtract(left, right);

    public static V Multiply(V vector, int factor) => Avx2.MultiplyLow(vector, Vector256.Create(factor));

    public static V ShiftLeft(V vector, int bits) => vector << bits;

    public static V ShiftRight(V vector, int bits) => vector >> bits;

    public static V MultiplyAddWords(V sum, V words, V weights) =>
        Avx2.Add(sum, Avx2.MultiplyAddAdjacent(words.AsInt16(), weights.AsInt16()));

    public static Vector256<short> MultiplyBytes(V bytes, V weights) => Avx2.MultiplyAddAdjacent(bytes.AsByte(), weights.AsSByte());

    public static Vector256<short> MultiplyAddBytes(Vector256<short> partial, V bytes, V weights) =>
        Avx2.Add(partial, Avx2.MultiplyAddAdjacent(bytes.AsByte(), weights.AsSByte()));

    public static V AddWidened(V sum, Vector256<short> partial) => Avx2.Add(sum, Avx2.MultiplyAddAdjacent(partial, Vector256<short>.One));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round(V sums, int* row)
    {
        V* vectors = (V*)row;
        var even = Avx2.Multiply(sums, vectors[CodeTable.Multiplier]) + vectors[CodeTable.Addend].AsInt64();
        var odd = Avx2.Multiply(Odd(sums), vectors[CodeTable.OddMultiplier]) + vectors[CodeTable.Addend + 1].AsInt64();
        var upper = Avx2.Blend(Odd(even.AsInt32()), odd.AsInt32(), 0b10101010);
        return Avx2.ShiftRightArithmeticVariable(upper, vectors[CodeTable.Shift].AsUInt32());
    }

    public static void StoreCodes(V rounded, int* row, byte* output) => *(long*)output = Codes(rounded, rounded, row).AsInt64()[0];

    public static void StoreCodes(V first, V second, int* row, byte* output) => Codes(first, second, row).Store(output);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreCodes(V a, V b, V c, V d, int* row, byte* output)
    {
        V* vectors = (V*)row;
        var zero = vectors[CodeTable.Zero].AsInt16();
        var lower = Avx2.AddSaturate(Avx2.PackSignedSaturate(a, b), zero);
        var upper = Avx2.AddSaturate(Avx2.PackSignedSaturate(c, d), zero);
        var bytes = Avx2.PackUnsignedSaturate(lower, upper);
        Avx2.Min(Avx2.Max(bytes, vectors[CodeTable.Min].AsByte()), vectors[CodeTable.Max].AsByte()).Store(output);
    }

    /// <summary>They are clamped in the end, so saturating on the way changes nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> Codes(V first, V second, int* row)
    {
        V* vectors = (V*)row;
        var words = Avx2.AddSaturate(Avx2.PackSignedSaturate(first, second), vectors[CodeTable.Zero].AsInt16());
        var bytes = Avx2.PackUnsignedSaturate(words, words);
        bytes = Avx2.Min(Avx2.Max(bytes, vectors[CodeTable.Min].AsByte()), vectors[CodeTable.Max].AsByte());
        return Sse2.UnpackLow(bytes.GetLower().AsInt32(), bytes.GetUpper().AsInt32()).AsByte();
    }

    static V Odd(V vector) => (vector.AsInt64() >>> 32).AsInt32();
}
