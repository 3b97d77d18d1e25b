using System.Diagnostics;
using EfQat.Integer.Kernels;

namespace EfQat.Integer.Program;

/// <summary>Runs a program, one input at a time. All memory is taken when it is made; one session serves one caller at a time.</summary>
public sealed class IntegerSession : IDisposable
{
    private const int Alignment = 64;
    private readonly Arena arena;
    private readonly byte[] codes, scratch;

    /// <param name="program">What to run.</param>
    /// <param name="kernel">For all convolutions that it can compute, the others are direct; null: the fastest for each, as measured here.</param>
    /// <param name="threads">For each convolution.</param>
    public IntegerSession(IntegerProgram program, KernelKind? kernel = null, int threads = 1)
    {
        Program = program;
        Workers = new(threads);
        arena = Arena.Plan(program.Steps, program.Shapes);
        codes = GC.AllocateArray<byte>(arena.Bytes + Alignment, pinned: true);
        Kernels = [.. program.Steps.Select(step => step is Convolution { Layer: var layer } ? Compile(layer, program.Shapes[step.From[0]], kernel) : null)];
        scratch = GC.AllocateArray<byte>(Kernels.Select((compiled, step) => compiled is null ? 0 : ScratchBytes(compiled, step)).Max(), pinned: true);
    }

    /// <summary>What it runs.</summary>
    public IntegerProgram Program { get; }

    /// <summary>For each step that is a convolution its kernel.</summary>
    public IReadOnlyList<ConvolutionKernel?> Kernels { get; }

    /// <summary>Bytes for all codes at once.</summary>
    public int ActivationBytes => arena.Bytes;

    /// <summary>For each convolution.</summary>
    public int Threads => Workers.Threads;

    internal Workers Workers { get; }
    internal Span<byte> Scratch => scratch;

    /// <summary>Runs the network.</summary>
    /// <param name="image">Floats as the network was trained on. // [H, W, C]</param>
    /// <param name="logits">Written. // [classes]</param>
    /// <param name="ticks">Where given, each step's time on the stopwatch is written. // [steps]</param>
    public void Run(ReadOnlySpan<float> image, Span<float> logits, Span<long> ticks = default)
    {
        if (image.Length != Program.Shapes[0].Count || logits.Length != Program.Classes)
            throw new ArgumentException($"an image of {image.Length} floats and {logits.Length} logits; the program has {Program.Shapes[0]} and {Program.Classes}");
        for (int step = 0; step < Program.Steps.Count; step++)
        {
            long start = ticks.IsEmpty ? 0 : Stopwatch.GetTimestamp();
            RunStep(step, image, logits);
            if (!ticks.IsEmpty) ticks[step] = Stopwatch.GetTimestamp() - start;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Workers.Dispose();

    internal void RunStep(int step, ReadOnlySpan<float> image = default, Span<float> logits = default) =>
        Program.Steps[step].Run(new(this, step, image, logits));

    /// <summary>A step's result; later steps write over what nobody reads any more.</summary>
    internal Span<byte> Codes(int step) => codes.AsSpan(arena.Offsets[step], Program.Shapes[step].Count);

    private ConvolutionKernel Compile(ConvolutionLayer layer, CodeShape input, KernelKind? kernel) =>
        kernel is not { } kind ? KernelChoice.Fastest(layer, input.Height, input.Width, Workers)
        : LayerBounds.Refusal(layer, kind) is null ? ConvolutionKernel.Compile(layer, kind)
        : ConvolutionKernel.Compile(layer, KernelKind.Direct);

    private int ScratchBytes(ConvolutionKernel kernel, int step)
    {
        var input = Program.Shapes[Program.Steps[step].From[0]];
        return kernel.ScratchBytes(input.Height, input.Width, Workers.Threads);
    }
}
