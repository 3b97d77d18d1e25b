using System.Runtime.Intrinsics;

namespace EfQat.Integer.Kernels.Instructions;

using V = Vector128<int>;

/// <summary>128 bits, by .NET's operators alone.</summary>
readonly unsafe struct PortableInstructions : IInstructions<V, Vector128<short>>
{
    public static int Lanes => 4;

    public static int Products => 2;

    public static V Load(void* address) => Vector128.Load((int*)address);

    public static void Store(V vector, int* address) => vector.Store(address);

    public static V Broadcast(byte* address) => Vector128.Create(*(int*)address);

    public static void Pairs(byte* first, byte* second, out V a, out V b, out V c, out V d)
    {
        (a, b) = (Pair(first, second), Pair(first + Lanes, second + Lanes));
        (c, d) = (Pair(first + 2 * Lanes, second + 2 * Lanes), Pair(first + 3 * Lanes, second + 3 * Lanes));
    }

    public static int Order(int lane) => lane;

    public static V Add(V left, V right) => left + right;

    public static V Subtract(V left, V right) => left - right;

    public static V Multiply(V vector, int factor) => vector * factor;

    public static V ShiftLeft(V vector, int bits) => vector << bits;

    public static V ShiftRight(V vector, int bits) => vector >> bits;

    public static V MultiplyAddWords(V sum, V words, V weights) =>
        sum + (words << 16 >> 16) * (weights << 16 >> 16) + (words >> 16) * (weights >> 16);

    public static Vector128<short> MultiplyBytes(V bytes, V weights)
    {
        Vector128<short> codes = bytes.AsInt16(), factors = weights.AsInt16();
        return (codes & Vector128.Create((short)0xFF)) * (factors << 8 >> 8) + (codes >>> 8) * (factors >> 8);
    }

    public static Vector128<short> MultiplyAddBytes(Vector128<short> partial, V bytes, V weights) => partial + MultiplyBytes(bytes, weights);

    public static V AddWidened(V sum, Vector128<short> partial) => sum + (partial.AsInt32() << 16 >> 16) + (partial.AsInt32() >> 16);

    public static V Round(V sums, int* row)
    {
        V* vectors = (V*)row;
        long* addends = (long*)(vectors + CodeTable.Addend);
        int Code(int lane)
        {
            long wide = (long)sums[lane] * vectors[CodeTable.Multiplier][lane] + addends[lane % 2 * Lanes / 2 + lane / 2];
            return (int)Math.Clamp(wide >> (vectors[CodeTable.Shift][lane] + 32), short.MinValue, short.MaxValue);
        }
        return Vector128.Create(Code(0), Code(1), Code(2), Code(3));
    }

    public static void StoreCodes(V rounded, int* row, byte* output)
    {
        byte* vectors = (byte*)row;
        byte Limit(int vector) => vectors[vector * sizeof(V)];
        for (int lane = 0; lane < Lanes; lane++)
            output[lane] = (byte)Math.Clamp(rounded[lane] + Limit(CodeTable.Zero), Limit(CodeTable.Min), Limit(CodeTable.Max));
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

    static V Widen(byte* address) => Vector128.Create(address[0], address[1], address[2], address[3]);
}
