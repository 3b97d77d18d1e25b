namespace EfQat.Integer.Kernels;

/// <summary>
/// Weights in the order in which a tile reads them: [group, block, tap, unit, lane, code], a block being a tile's output channels and a
/// unit the four bytes of neighbouring input channels that one lane multiplies. Places that stand for no channel hold 0.
/// </summary>
sealed unsafe class PackedWeights
{
    readonly PinnedMemory<byte> memory;

    /// <param name="layer">The layer.</param>
    /// <param name="taps">R · S, or the 16 of Winograd.</param>
    /// <param name="width">Output channels of a block.</param>
    /// <param name="codeBytes">1 or 2.</param>
    /// <param name="channels">Of a group, filled up to whole units.</param>
    /// <param name="weight">Of an output channel, a tap and a channel of its group.</param>
    public PackedWeights(ConvolutionLayer layer, int taps, int width, int codeBytes, int channels, Func<int, int, int, int> weight)
    {
        var shape = layer.Shape;
        int inputs = shape.InputChannels / shape.Groups, outputs = shape.OutputChannels / shape.Groups, unit = 4 / codeBytes;
        Width = width;
        BlocksOfGroup = (outputs + Width - 1) / Width;
        TapBytes = Width * channels * codeBytes;
        BlockBytes = taps * TapBytes;
        Channels = new int[shape.Groups * BlocksOfGroup * Width];
        memory = new((int)Math.Min(Array.MaxLength, (long)shape.Groups * BlocksOfGroup * BlockBytes));
        byte* place = memory.Pointer;
        for (int block = 0; block < Blocks; block++)
        {
            int first = block % BlocksOfGroup * Width;
            for (int lane = 0; lane < Width; lane++)
                Channels[block * Width + lane] = first + lane < outputs ? block / BlocksOfGroup * outputs + first + lane : -1;
            for (int tap = 0; tap < taps; tap++)
                for (int c = 0; c < channels; c += unit)
                    for (int lane = 0; lane < Width; lane++)
                        for (int code = 0; code < unit; code++, place += codeBytes)
                        {
                            int channel = Channels[block * Width + lane];
                            int value = channel < 0 || c + code >= inputs ? 0 : weight(channel, tap, c + code);
                            if (codeBytes == 1) *(sbyte*)place = (sbyte)value;
                            else *(short*)place = (short)value;
                        }
        }
    }

    /// <summary>Output channels of a block.</summary>
    public int Width { get; }

    /// <summary>Blocks of all groups.</summary>
    public int Blocks => Channels.Length / Width;

    /// <summary>Blocks of one group.</summary>
    public int BlocksOfGroup { get; }

    /// <summary>Bytes of a block.</summary>
    public int BlockBytes { get; }

    /// <summary>Bytes of a block's tap.</summary>
    public int TapBytes { get; }

    /// <summary>What output channel each place stands for; −1 for none.</summary>
    public int[] Channels { get; }

    /// <summary>The output channels that a block holds: the first, and how many.</summary>
    public (int First, int Count) Block(int block)
    {
        var places = Channels.AsSpan(block * Width, Width);
        int none = places.IndexOf(-1);
        return (places[0], none < 0 ? Width : none);
    }

    /// <summary>Where a block begins.</summary>
    public byte* this[int block] => memory.Pointer + (nint)block * BlockBytes;
}
