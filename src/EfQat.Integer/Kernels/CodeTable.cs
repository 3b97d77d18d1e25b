namespace EfQat.Integer.Kernels;

/// <summary>
/// A layer's bias and requantization for vectors. A sum is first brought between <see cref="Lowest"/> and <see cref="Highest"/>, which changes no
/// code: then the quotient fits in INT32, and only the products need 64 bits. Adding 2^63 before the shift and 2^(63−s) less after it
/// makes of a logical shift an arithmetic one, which AVX2 lacks.
/// </summary>
sealed unsafe class CodeTable
{
    /// <summary>Added to a sum.</summary>
    public readonly int* Bias;

    /// <summary>The lowest sum to multiply.</summary>
    public readonly int* Lowest;

    /// <summary>The highest.</summary>
    public readonly int* Highest;

    /// <summary>M.</summary>
    public readonly int* Multiplier;

    /// <summary>The code of zero, less 2^(63−s).</summary>
    public readonly int* Zero;

    /// <summary>What is added before the shift, and 2^63.</summary>
    public readonly ulong* Rounding;

    /// <summary>s.</summary>
    public readonly ulong* Shift;

    /// <summary>The lowest code.</summary>
    public readonly int Min;

    /// <summary>The highest.</summary>
    public readonly int Max;

    readonly Requantization requantization;
    readonly int[] channels;
    readonly PinnedMemory<int> ints;
    readonly PinnedMemory<ulong> longs;

    /// <param name="layer">The layer.</param>
    /// <param name="channels">What each place stands for: an output channel, or −1 for none.</param>
    /// <param name="lanes">Of a vector: its even channels' 64 bits come before its odd ones'.</param>
    public CodeTable(ConvolutionLayer layer, int[] channels, int lanes)
    {
        (requantization, this.channels) = (layer.Output, channels);
        int count = channels.Length;
        (ints, longs) = (new(5 * count), new(2 * count));
        Bias = ints.Pointer;
        Lowest = Bias + count;
        Highest = Lowest + count;
        Multiplier = Highest + count;
        Zero = Multiplier + count;
        Rounding = longs.Pointer;
        Shift = Rounding + count;
        (Min, Max) = (layer.Output.Min, layer.Output.Max);
        for (int i = 0; i < count; i++)
        {
            if (channels[i] < 0) continue;
            var (multiplier, shift) = (layer.Output.Multiplier[channels[i]], layer.Output.Shift[channels[i]]);
            Bias[i] = layer.Bias[channels[i]];
            Multiplier[i] = multiplier;
            // Beyond these a code is at its end: (|sum| − ½) · M ≥ 2^(s+8) takes it below 0 or above 255, whatever the zero and the fraction.
            long reach = multiplier == 0 || shift > 52 ? int.MaxValue : Math.Min(int.MaxValue, (1L << (shift + 9)) / multiplier + 1);
            (Lowest[i], Highest[i]) = ((int)-reach, (int)reach);
            Zero[i] = unchecked(layer.Output.Zero - (int)(1L << (63 - shift)));
            int place = i / lanes * lanes + i % 2 * (lanes / 2) + i % lanes / 2;
            Rounding[place] = (1ul << 63) + (ulong)layer.Output.Addend(channels[i]);
            Shift[place] = (ulong)shift;
        }
    }

    /// <summary>One code, in plain 64-bit arithmetic.</summary>
    public byte Apply(int sum, int place) => channels[place] < 0 ? (byte)0 : requantization.Apply(sum + Bias[place], channels[place]);
}
