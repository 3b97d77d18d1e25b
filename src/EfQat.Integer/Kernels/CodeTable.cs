using System.Runtime.CompilerServices;

namespace EfQat.Integer.Kernels;

/// <summary>
/// A layer's bias and requantization for vectors: for each vector of channels, what is read lies in one row. With s ≥ 32,
/// ⌊x / 2^s⌋ = ⌊⌊x / 2^32⌋ / 2^(s−32)⌋, so of a 64-bit product the upper half is enough, and the rest is 32-bit work.
/// </summary>
sealed unsafe class CodeTable
{
    /// <summary>
    /// The vectors of a row: M; s − 32; the code of zero; the lowest and the highest code; and in 64 bits, even channels before odd ones, what is
    /// added to M times a sum without its bias.
    /// </summary>
    public const int Multiplier = 0, Shift = 1, Zero = 2, Min = 3, Max = 4, Addend = 5, Vectors = 7;

    readonly ConvolutionLayer layer;
    readonly int[] channels;
    readonly PinnedMemory<int> memory;
    readonly int* rows;

    /// <param name="layer">The layer.</param>
    /// <param name="channels">What each place stands for: an output channel, or −1 for none.</param>
    /// <param name="lanes">Of a vector.</param>
    public CodeTable(ConvolutionLayer layer, int[] channels, int lanes)
    {
        (this.layer, this.channels) = (layer, channels);
        memory = new(Vectors * channels.Length);
        rows = memory.Pointer;
        var output = layer.Output;
        for (int place = 0; place < channels.Length; place++)
        {
            if (channels[place] is not (>= 0 and var channel)) continue;
            int* row = Row(place / lanes * lanes);
            int lane = place % lanes, wide = lane % 2 * lanes / 2 + lane / 2;
            void Set(int vector, int value) => row[vector * lanes + lane] = value;
            long multiplier = output.Multiplier[channel], addend = multiplier * layer.Bias[channel] + output.Addend(channel);
            IsSteep |= output.Shift[channel] < 32;
            Set(Multiplier, (int)multiplier);
            Set(Shift, output.Shift[channel] - 32);
            Set(Zero, output.Zero);
            Set(Min, output.Min);
            Set(Max, output.Max);
            ((long*)(row + Addend * lanes))[wide] = addend;
        }
    }

    /// <summary>True where some s &lt; 32, and a unit of a sum is half a code or more: such rare layers are requantized channel by channel.</summary>
    public bool IsSteep { get; }

    /// <summary>The row of the vector that begins at a place.</summary>
    public int* Row(int place) => rows + (nint)Vectors * place;

    /// <summary>Writes the codes of a vector of sums, in plain 64-bit arithmetic.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Store<V>(V sums, int place, byte* output) where V : unmanaged
    {
        for (int lane = 0; lane < sizeof(V) / sizeof(int); lane++)
            if (channels[place + lane] is >= 0 and var channel)
                output[lane] = layer.Output.Apply(((int*)&sums)[lane] + layer.Bias[channel], channel);
    }
}
