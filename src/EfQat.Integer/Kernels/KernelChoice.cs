using System.Collections.Concurrent;
using System.Diagnostics;

namespace EfQat.Integer.Kernels;

/// <summary>Which kernel is fastest for a layer on this machine: measured once, then remembered.</summary>
public static class KernelChoice
{
    /// <summary>A candidate's time is the least of so many runs, in so long at most: what disturbs a run only makes it longer. They take turns.</summary>
    const int Runs = 100, Milliseconds = 20;

    /// <summary>What the time of a kernel depends on.</summary>
    sealed record Case(ConvolutionShape Shape, byte InputMax, int Depth, bool Portable, int Height, int Width, int Threads);

    static readonly ConcurrentDictionary<Case, (KernelKind, InstructionSet)> Fastests = new();

    /// <summary>The kernel to take for pictures of this size.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="height">Rows of its input.</param>
    /// <param name="width">Columns of its input.</param>
    /// <param name="workers">The threads that will run it.</param>
    public static ConvolutionKernel Fastest(ConvolutionLayer layer, int height, int width, Workers workers)
    {
        var known = new Case(layer.Shape, layer.InputMax, LayerBounds.Depth(layer, 2), !CodeTable.Holds(layer), height, width, workers.Threads);
        var (kind, set) = Fastests.GetOrAdd(known, _ => Measure(layer, height, width, workers));
        return ConvolutionKernel.Compile(layer, kind, set);
    }

    /// <summary>All that can compute a layer exactly, but for the specification.</summary>
    public static IEnumerable<(KernelKind Kind, InstructionSet Set)> Candidates(ConvolutionLayer layer) =>
        from kind in Enum.GetValues<KernelKind>()
        where kind != KernelKind.Specification && LayerBounds.Refusal(layer, kind) is null
        from set in InstructionSets.Available
        where set != InstructionSet.Portable || InstructionSets.Best == InstructionSet.Portable
        where set != InstructionSet.Avx512Vnni || kind is not (KernelKind.Direct16 or KernelKind.Depthwise) // AVX-512's own
        select (kind, set);

    static (KernelKind, InstructionSet) Measure(ConvolutionLayer layer, int height, int width, Workers workers)
    {
        var shape = layer.Shape;
        var input = new byte[height * width * shape.InputChannels];
        var output = new byte[shape.OutputHeight(height) * shape.OutputWidth(width) * shape.OutputChannels];
        var rivals = Candidates(layer).Select(candidate =>
        {
            var kernel = ConvolutionKernel.Compile(layer, candidate.Kind, candidate.Set);
            return (Candidate: candidate, Kernel: kernel, Scratch: new byte[kernel.ScratchBytes(height, width, workers.Threads)]);
        }).ToArray();
        var least = Enumerable.Repeat(TimeSpan.MaxValue, rivals.Length).ToArray();
        var clock = Stopwatch.StartNew();
        for (int run = -1; run < 1 || (run < Runs && clock.ElapsedMilliseconds < Milliseconds * rivals.Length); run++) // the first one compiles
        {
            if (run == 0) clock.Restart();
            for (int i = 0; i < rivals.Length; i++)
            {
                var start = clock.Elapsed;
                rivals[i].Kernel.Run(input, height, width, output, rivals[i].Scratch, workers);
                var time = clock.Elapsed - start;
                if (run >= 0 && time < least[i]) least[i] = time;
            }
        }
        return rivals[Array.IndexOf(least, least.Min())].Candidate;
    }
}
