using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace EfQat.Integer.Kernels.Instructions;

using V = Vector128<int>;

/// <summary>
/// Arm's 128 bits, as EasyQuant has it (section 3.3): smlal adds products of bytes in INT16, one to a lane, and saddlp widens pairs of them.
/// Its bytes are signed, so codes must not exceed 127 where they are multiplied as bytes.
/// </summary>
readonly unsafe struct NeonInstructions : IInstructions<V, NeonInstructions.Words>
{
    /// <summary>The products of the lower and of the upper eight bytes.</summary>
    public readonly record struct Words(Vector128<short> Lower, Vector128<short> Upper);

    public static int Lanes => 4;

    public static int Products => 1;

    public static V Load(void* address) => AdvSimd.LoadVector128((int*)address);

    public static void Store(V vector, int* address) => AdvSimd.Store(address, vector);

    public static V Broadcast(byte* address) => AdvSimd.LoadAndReplicateToVector128((int*)address);

    public static void Pairs(byte* first, byte* second, out V a, out V b, out V c, out V d) =>
        PortableInstructions.Pairs(first, second, out a, out b, out c, out d);

    public static int Order(int lane) => PortableInstructions.Order(lane);

    public static V Add(V left, V right) => AdvSimd.Add(left, right);

    public static V Subtract(V left, V right) => AdvSimd.Subtract(left, right);

    public static V Multiply(V vector, int factor) => vector * factor;

    public static V ShiftLeft(V vector, int bits) => vector << bits;

    public static V ShiftRight(V vector, int bits) => vector >> bits;

    public static V MultiplyAddWords(V sum, V words, V weights)
    {
        var (left, right) = (words.AsInt16(), weights.AsInt16());
        var lower = AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower());
        return AdvSimd.Add(sum, AdvSimd.Arm64.AddPairwise(lower, AdvSimd.MultiplyWideningUpper(left, right)));
    }

    public static Words MultiplyBytes(V bytes, V weights)
    {
        var (left, right) = (bytes.AsSByte(), weights.AsSByte());
        return new(AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower()), AdvSimd.MultiplyWideningUpper(left, right));
    }

    public static Words MultiplyAddBytes(Words partial, V bytes, V weights)
    {
        var (left, right) = (bytes.AsSByte(), weights.AsSByte());
        return new(
            AdvSimd.MultiplyWideningLowerAndAdd(partial.Lower, left.GetLower(), right.GetLower()),
            AdvSimd.MultiplyWideningUpperAndAdd(partial.Upper, left, right));
    }

    public static V AddWidened(V sum, Words partial) =>
        AdvSimd.Add(sum, AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(partial.Lower), AdvSimd.AddPairwiseWidening(partial.Upper)));

    public static V Round(V sums, int* row) => PortableInstructions.Round(sums, row);

    public static void StoreCodes(V rounded, int* row, byte* output) => PortableInstructions.StoreCodes(rounded, row, output);

    public static void StoreCodes(V first, V second, int* row, byte* output) => PortableInstructions.StoreCodes(first, second, row, output);

    public static void StoreCodes(V a, V b, V c, V d, int* row, byte* output) => PortableInstructions.StoreCodes(a, b, c, d, row, output);
}
