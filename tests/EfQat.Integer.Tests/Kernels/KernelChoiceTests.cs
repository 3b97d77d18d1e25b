using EfQat.Integer.Kernels;

namespace EfQat.Integer.Tests.Kernels;

public class KernelChoiceTests
{
    [Fact]
    public void CandidatesAreThoseThatAreExact()
    {
        KernelKind[] Kinds(ConvolutionShape shape, int weightMax, byte inputMax) => [.. KernelChoice.Candidates(
            RandomLayer.Draw(new Random(1), shape, 8, 8, weightMax, inputMax).Layer).Select(candidate => candidate.Kind).Distinct()];
        Assert.Equal([KernelKind.Direct, KernelKind.Direct16, KernelKind.Winograd, KernelKind.Winograd4], Kinds(new(32, 32, 3, 3), 63, 63));
        Assert.Equal([KernelKind.Direct, KernelKind.Winograd, KernelKind.Winograd4], Kinds(new(32, 32, 3, 3), 127, 255));
        Assert.Equal([KernelKind.Direct, KernelKind.Direct16], Kinds(new(32, 32, 3, 3, Stride: 2), 63, 63));
        Assert.Equal([KernelKind.Direct, KernelKind.Direct16, KernelKind.Depthwise], Kinds(new(32, 32, 3, 3, Groups: 32), 63, 63));
    }

    [Fact]
    public void ItIsMeasuredOnceAndThenRemembered()
    {
        using var workers = new Workers(1);
        var (first, second) = (Draw(1), Draw(2));
        var chosen = KernelChoice.Fastest(first.Layer, 40, 40, workers);
        Assert.Equal(first.Run(ConvolutionKernel.Compile(first.Layer, KernelKind.Specification), workers), first.Run(chosen, workers));
        var same = KernelChoice.Fastest(second.Layer, 40, 40, workers);
        Assert.Same(second.Layer, same.Layer);
        Assert.Equal((chosen.Kind, chosen.GetType()), (same.Kind, same.GetType()));

        static RandomLayer Draw(int seed) => RandomLayer.Draw(new Random(seed), new(64, 64, 1, 1), 40, 40, 31, 63);
    }
}
