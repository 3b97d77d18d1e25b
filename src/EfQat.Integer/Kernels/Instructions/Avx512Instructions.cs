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

    public static V Widen(byte* address) => Avx512F.ConvertToVector512Int32(Vector128.Load(address));

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
    public static void StoreCodes(V sums, CodeTable codes, int channel, byte* output)
    {
        var sum = Avx512F.Min(Avx512F.Max(Add(sums, Load(codes.Bias + channel)), Load(codes.Lowest + channel)), Load(codes.Highest + channel));
        var multiplier = Load(codes.Multiplier + channel);
        var even = Avx512F.Multiply(sum, multiplier).AsUInt64() + Vector512.Load(codes.Rounding + channel);
        var odd = Avx512F.Multiply(Odd(sum), Odd(multiplier)).AsUInt64() + Vector512.Load(codes.Rounding + channel + 8);
        even = Avx512F.ShiftRightLogicalVariable(even, Vector512.Load(codes.Shift + channel));
        odd = Avx512F.ShiftRightLogicalVariable(odd, Vector512.Load(codes.Shift + channel + 8)) << 32;
        var low = Vector512.Create(0xFFFFFFFFul);
        var code = Add(((even & low) | odd).AsInt32(), Load(codes.Zero + channel));
        code = Avx512F.Min(Avx512F.Max(code, Vector512.Create(codes.Min)), Vector512.Create(codes.Max));
        Avx512F.ConvertToVector128Byte(code).Store(output);
    }

    static V Odd(V vector) => (vector.AsInt64() >>> 32).AsInt32();
}
