using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EfQat.Integer.Kernels.Instructions;

using V = Vector512<int>;

/// <summary>512 bits: half of <see cref="Avx2Instructions"/>' instructions, on two ports where those have three.</summary>
readonly unsafe struct Avx512Instructions : IInstructions<V, Vector512<short>>
{
    public static int Lanes => 16;

    public static int Products => 2;

    public static V Load(void* address) => Vector512.Load((int*)address);

    public static void Store(V vector, int* address) => vector.Store(address);

    public static V Broadcast(byte* address) => Vector512.Create(*(int*)address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pairs(byte* first, byte* second, out V a, out V b, out V c, out V d)
    {
        (a, b) = (Pair(first, second), Pair(first + Lanes, second + Lanes));
        (c, d) = (Pair(first + 2 * Lanes, second + 2 * Lanes), Pair(first + 3 * Lanes, second + 3 * Lanes));
    }

    public static int Order(int lane) => lane;

    public static V Add(V left, V right) => Avx512F.Add(left, right);

    public static V Subtract(V left, V right) => Avx512F.Subtract(left, right);

    public static V Multiply(V vector, int factor) => Avx512F.MultiplyLow(vector, Vector512.Create(factor));

    public static V ShiftLeft(V vector, int bits) => vector << bits;

    public static V ShiftRight(V vector, int bits) => vector >> bits;

    public static V MultiplyAddWords(V sum, V words, V weights) =>
        Avx512F.Add(sum, Avx512BW.MultiplyAddAdjacent(words.AsInt16(), weights.AsInt16()));

    public static Vector512<short> MultiplyBytes(V bytes, V weights) => Avx512BW.MultiplyAddAdjacent(bytes.AsByte(), weights.AsSByte());

    public static Vector512<short> MultiplyAddBytes(Vector512<short> partial, V bytes, V weights) =>
        Avx512BW.Add(partial, Avx512BW.MultiplyAddAdjacent(bytes.AsByte(), weights.AsSByte()));

    public static V AddWidened(V sum, Vector512<short> partial) => Avx512F.Add(sum, Avx512BW.MultiplyAddAdjacent(partial, Vector512<short>.One));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round(V sums, int* row)
    {
        V* vectors = (V*)row;
        var even = Avx512F.Multiply(sums, vectors[CodeTable.Multiplier]) + vectors[CodeTable.Addend].AsInt64();
        var odd = Avx512F.Multiply(Odd(sums), vectors[CodeTable.OddMultiplier]) + vectors[CodeTable.Addend + 1].AsInt64();
        var upper = Vector512.ConditionalSelect(Vector512.Create(0xFFFFFFFFul).AsInt32(), Odd(even.AsInt32()), odd.AsInt32());
        return Avx512F.ShiftRightArithmeticVariable(upper, vectors[CodeTable.Shift].AsUInt32());
    }

    public static void StoreCodes(V rounded, int* row, byte* output)
    {
        var code = Add(rounded, Lowest(CodeTable.Zero));
        code = Avx512F.Min(Avx512F.Max(code, Lowest(CodeTable.Min)), Lowest(CodeTable.Max));
        Avx512F.ConvertToVector128Byte(code).Store(output);

        V Lowest(int vector) => Vector512.Create((int)*(byte*)(row + vector * Lanes));
    }

    public static void StoreCodes(V first, V second, int* row, byte* output)
    {
        StoreCodes(first, row, output);
        StoreCodes(second, row, output + Lanes);
    }

    public static void StoreCodes(V a, V b, V c, V d, int* row, byte* output)
    {
        StoreCodes(a, b, row, output);
        StoreCodes(c, d, row, output + 2 * Lanes);
    }

    static V Pair(byte* first, byte* second) => Widen(first) | Widen(second) << 16;

    static V Widen(byte* address) => Avx512F.ConvertToVector512Int32(Vector128.Load(address));

    static V Odd(V vector) => (vector.AsInt64() >>> 32).AsInt32();
}
