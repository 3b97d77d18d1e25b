using System.Runtime.CompilerServices;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels;

/// <summary>
/// A layer's bias and requantization for vectors: for each vector of channels, what is read lies in one row. With s ≥ 32,
/// ⌊x / 2^s⌋ = ⌊⌊x / 2^32⌋ / 2^(s−32)⌋, so of a 64-bit product the upper half is enough, and the rest is 32-bit work.
/// </summary>
sealed unsafe class CodeTable
{
    /// <summary>
    /// The vectors of a row: M; s − 32; the code of zero in words; the lowest and the highest code in bytes; in 64 bits, even channels before odd
    /// ones, what is added to M times a sum without its bias; and M of odd channels where even ones have theirs.
    /// </summary>
    public const int Multiplier = 0, Shift = 1, Zero = 2, Min = 3, Max = 4, Addend = 5, OddMultiplier = 7, Vectors = 8;

    readonly PinnedMemory<int> memory;

    /// <param name="layer">The layer.</param>
    /// <param name="channels">What each place stands for: an output channel, or −1 for none.</param>
    /// <param name="lanes">Of a vector.</param>
    public CodeTable(ConvolutionLayer layer, int[] channels, int lanes)
    {
        memory = new(Vectors * channels.Length);
        var output = layer.Output;
        for (int place = 0; place < channels.Length; place++)
        {
            int* row = Row(place / lanes * lanes);
            int lane = place % lanes, wide = lane % 2 * lanes / 2 + lane / 2;
            void Set(int vector, int value) => row[vector * lanes + lane] = value;
            Set(Zero, output.Zero * 0x00010001);
            Set(Min, output.Min * 0x01010101);
            Set(Max, output.Max * 0x01010101);
            if (channels[place] is not (>= 0 and var channel)) continue;
            long multiplier = output.Multiplier[channel], addend = multiplier * layer.Bias[channel] + output.Addend(channel);
            Set(Multiplier, (int)multiplier);
            Set(Shift, output.Shift[channel] - 32);
            if (lane % 2 == 1) row[OddMultiplier * lanes + lane - 1] = (int)multiplier;
            ((long*)(row + Addend * lanes))[wide] = addend;
        }
    }

    /// <summary>
    /// False where some s &lt; 32, and a unit of a sum is half a code or more: of such rare layers vectors do not know the codes, the portable
    /// instructions do.
    /// </summary>
    public static bool Holds(ConvolutionLayer layer) => layer.Output.Shift.All(shift => shift >= 32);

    /// <summary>The row of the vector that begins at a place.</summary>
    public int* Row(int place) => memory.Pointer + (nint)Vectors * place;

    /// <summary>Writes the codes of so many sums, whole vectors of them, of the channels from this place on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TSet, V, P>(int* sums, int count, int place, byte* output)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
    {
        int i = 0, lanes = TSet.Lanes;
        for (; i < count - lanes; i += 2 * lanes)
        {
            int* row = Row(place + i);
            TSet.StoreCodes(TSet.Round(TSet.Load(sums + i), row), TSet.Round(TSet.Load(sums + i + lanes), row + Vectors * lanes), row, output + i);
        }
        if (i < count) TSet.StoreCodes(TSet.Round(TSet.Load(sums + i), Row(place + i)), Row(place + i), output + i);
    }
}
