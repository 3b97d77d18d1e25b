namespace EfQat.Integer.Kernels;

/// <summary>
/// A layer made ready to run: its weights packed, its bounds checked. It holds no picture, so one kernel may run on many threads, each with
/// scratch of its own.
/// </summary>
public abstract unsafe class ConvolutionKernel
{
    private protected ConvolutionKernel(ConvolutionLayer layer, KernelKind kind) => (Layer, Kind) = (layer, kind);

    /// <summary>What it computes.</summary>
    public ConvolutionLayer Layer { get; }

    /// <summary>How.</summary>
    public KernelKind Kind { get; }

    /// <summary>A kernel of this kind.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="kind">How to compute it.</param>
    /// <param name="set">With which instructions, of <see cref="InstructionSets.Available"/>; null for the widest.</param>
    /// <exception cref="UserError">This kind cannot compute this layer exactly; the message says by which number.</exception>
    public static ConvolutionKernel Compile(ConvolutionLayer layer, KernelKind kind, InstructionSet? set = null)
    {
        if (LayerBounds.Refusal(layer, kind) is { } reason) throw new UserError(reason);
        return KernelCompiler.Compile(layer, kind, set ?? InstructionSets.Best);
    }

    /// <summary>Bytes that <c>Run</c> needs to work in, for a picture of this size and so many threads.</summary>
    public virtual int ScratchBytes(int height, int width, int threads) => 0;

    /// <summary>Computes one picture; allocates nothing.</summary>
    /// <param name="input">Codes, none above <see cref="ConvolutionLayer.InputMax"/>. // [H, W, C]</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="output">Codes. // [H', W', K]</param>
    /// <param name="scratch">At least <see cref="ScratchBytes"/>.</param>
    /// <param name="workers">The threads that share the work.</param>
    public void Run(ReadOnlySpan<byte> input, int height, int width, Span<byte> output, Span<byte> scratch, Workers workers)
    {
        var shape = Layer.Shape;
        int outputs = shape.OutputHeight(height) * shape.OutputWidth(width) * shape.OutputChannels;
        ArgumentOutOfRangeException.ThrowIfNotEqual(input.Length, height * width * shape.InputChannels, nameof(input));
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, outputs, nameof(output));
        ArgumentOutOfRangeException.ThrowIfLessThan(scratch.Length, ScratchBytes(height, width, workers.Threads), nameof(scratch));
        fixed (byte* source = input, target = output, work = scratch)
            Compute(source, height, width, target, work, workers);
        GC.KeepAlive(this);
    }

    /// <summary>The first whole cache line.</summary>
    private protected static byte* Aligned(byte* scratch) =>
        (byte*)(((nint)scratch + PinnedMemory<byte>.Alignment - 1) & -PinnedMemory<byte>.Alignment);

    private protected abstract void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers);
}
