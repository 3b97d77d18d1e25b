using EfQat.Integer.Kernels;

namespace EfQat.Integer.Tests.Kernels;

public class ConvolutionKernelTests
{
    public static TheoryData<InstructionSet> Sets => [.. InstructionSets.Available];

    [Theory]
    [MemberData(nameof(Sets))]
    public void EveryKernelEqualsTheSpecificationOnRandomLayers(InstructionSet set)
    {
        const int Layers = 10_000;
        var runs = new int[Enum.GetValues<KernelKind>().Length];
        Parallel.For(0, Environment.ProcessorCount, part =>
        {
            using var workers = new Workers(1);
            var (from, to) = Workers.Part(Layers, part, Environment.ProcessorCount);
            for (int seed = from; seed < to; seed++)
            {
                var drawn = RandomLayer.Draw(new Random(seed));
                if (drawn.Outputs <= 0) continue;
                var expected = drawn.Run(ConvolutionKernel.Compile(drawn.Layer, KernelKind.Specification), workers);
                foreach (var kind in KernelChoice.Candidates(drawn.Layer).Select(candidate => candidate.Kind).Distinct())
                {
                    var actual = drawn.Run(ConvolutionKernel.Compile(drawn.Layer, kind, set), workers);
                    Assert.True(expected.AsSpan().SequenceEqual(actual), $"{kind} differs on layer {seed}: {drawn.Layer.Shape}");
                    Interlocked.Increment(ref runs[(int)kind]);
                }
            }
        });
        Assert.InRange(runs[(int)KernelKind.Direct], Layers * 0.9, Layers);
        Assert.All(
            [KernelKind.Direct16, KernelKind.Winograd, KernelKind.Winograd4, KernelKind.Depthwise],
            kind => Assert.InRange(runs[(int)kind], 1500, Layers));
    }

    [Theory]
    [InlineData(63, 63, 4)] // eight products of 63 · 63 reach 31 752
    [InlineData(63, 126, 2)]
    [InlineData(63, 255, 1)]
    [InlineData(127, 127, 1)]
    [InlineData(127, 255, 0)]
    [InlineData(31, 63, 8)]
    public void AnInt16SumTakesAsManyMultiplyAddsAsItsBoundAllows(sbyte weight, byte inputMax, int depth)
    {
        var layer = Uniform(new(64, 16, 3, 3), weight, inputMax);
        Assert.Equal(depth, LayerBounds.Depth(layer, products: 2));
        // Weights of both signs never reach as far; the bound is of one sign alone.
        var half = layer.Weights.Select((w, i) => i % 4 < 2 ? w : (sbyte)-w).ToArray();
        Assert.Equal(depth, LayerBounds.Depth(layer with { Weights = half }, products: 2));
        var alternating = layer.Weights.Select((w, i) => i % 2 == 0 ? w : (sbyte)-w).ToArray();
        Assert.Equal(Math.Min(8, 32767 / (weight * inputMax)), LayerBounds.Depth(layer with { Weights = alternating }, products: 2));
    }

    [Theory]
    [InlineData(63, 63)]
    [InlineData(-63, 63)]
    [InlineData(64, 255)]
    [InlineData(-127, 127)]
    public void TheLargestSumsDoNotOverflow(sbyte weight, byte inputMax)
    {
        var layer = Uniform(new(64, 40, 3, 3, Padding: 1), weight, inputMax);
        var input = new byte[9 * 7 * 64];
        input.AsSpan().Fill(inputMax);
        var drawn = new RandomLayer(layer, input, 9, 7);
        using var workers = new Workers(1);
        var expected = drawn.Run(ConvolutionKernel.Compile(layer, KernelKind.Specification), workers);
        Assert.All(KernelChoice.Candidates(layer), candidate =>
            Assert.Equal(expected, drawn.Run(ConvolutionKernel.Compile(layer, candidate.Kind, candidate.Set), workers)));
    }

    [Theory]
    [InlineData(int.MaxValue, 1)]
    [InlineData(int.MaxValue, 31)]
    [InlineData(int.MaxValue, 32)]
    [InlineData(int.MaxValue, 62)]
    [InlineData(1 << 30, 32)]
    [InlineData(0, 62)]
    public void TheLargestSumsAreRequantizedExactly(int multiplier, sbyte shift)
    {
        const int Reach = 4 * 9 * 3;
        T[] Each<T>(params T[] values) => [.. Enumerable.Range(0, 40).Select(k => values[k % values.Length])];
        using var workers = new Workers(1);
        var layer = Uniform(new(4, 40, 3, 3), 1, 3) with
        {
            Bias = Each(int.MaxValue - Reach, -int.MaxValue, 0, 1 << 24, -Reach),
            Output = new(Each(multiplier), Each(shift), Each<short>(short.MaxValue, short.MinValue, 0), 77, 0, 255),
        };
        var drawn = new RandomLayer(layer, [.. Enumerable.Range(0, 5 * 5 * 4).Select(i => (byte)(i % 4))], 5, 5);
        var expected = drawn.Run(ConvolutionKernel.Compile(layer, KernelKind.Specification), workers);
        Assert.All(KernelChoice.Candidates(layer), candidate =>
            Assert.Equal(expected, drawn.Run(ConvolutionKernel.Compile(layer, candidate.Kind, candidate.Set), workers)));
    }

    [Theory]
    [InlineData(KernelKind.Direct16, 16, 127, 255, "codes up to 255 times two weights, each up to 127, exceed 32767")]
    [InlineData(KernelKind.Direct, 8192, 127, 255, "a sum can reach 2387681280, beyond INT32")]
    [InlineData(KernelKind.Winograd, 2048, 127, 255, "4 times a sum can reach 2387681280, beyond INT32")]
    [InlineData(KernelKind.Winograd4, 128, 127, 255, "64 times a sum can reach 2387681280, beyond INT32")]
    public void WhatCannotBeExactIsRefusedWithItsNumbers(KernelKind kind, int channels, sbyte weight, byte inputMax, string reason)
    {
        var layer = Uniform(new(channels, 1, 3, 3), weight, inputMax);
        Assert.Contains(reason, Assert.Throws<UserError>(() => ConvolutionKernel.Compile(layer, kind)).Message);
    }

    [Theory]
    [InlineData(KernelKind.Winograd, 2, 1)]
    [InlineData(KernelKind.Winograd4, 1, 2)]
    [InlineData(KernelKind.Depthwise, 1, 1)]
    [InlineData(KernelKind.Depthwise, 1, 2)]
    public void AShapeThatAKernelHasNotIsRefused(KernelKind kind, int stride, int groups) =>
        Assert.Contains("use Direct", Assert.Throws<UserError>(() =>
            ConvolutionKernel.Compile(Uniform(new(4, 4, 3, 3, stride, Groups: groups), 1, 1), kind)).Message);

    [Fact]
    public void AMalformedLayerIsRefused()
    {
        var layer = Uniform(new(4, 4, 3, 3), 1, 9);
        void Refused(ConvolutionLayer wrong, string reason) =>
            Assert.Contains(reason, Assert.Throws<UserError>(() => ConvolutionKernel.Compile(wrong, KernelKind.Specification)).Message);
        Refused(layer with { Weights = [1] }, "1 weights, not 144");
        Refused(layer with { Bias = [1] }, "4 values each");
        Refused(layer with { InputZero = 10 }, "the code of zero, 10, is above the largest, 9");
        Refused(layer with { Shape = new(4, 4, 3, 3, Groups: 3) }, "multiples of the groups");
        Refused(layer with { Shape = new(4, 4, 3, 3, Stride: 0) }, "must be positive");
        Refused(layer with { Output = layer.Output with { Shift = [1, 2, 3, 63] } }, "outside [1, 62]");
        Refused(layer with { Output = layer.Output with { Multiplier = [1, 0, 0, 0] } }, "neither 0 nor in");
    }

    [Fact]
    public void ARunAllocatesNothing()
    {
        var drawn = RandomLayer.Draw(new Random(3), new(32, 32, 3, 3, Padding: 1), 12, 12, 63, 63);
        using var workers = new Workers(2);
        Assert.All(KernelChoice.Candidates(drawn.Layer), candidate =>
        {
            var kernel = ConvolutionKernel.Compile(drawn.Layer, candidate.Kind, candidate.Set);
            var (output, scratch) = (new byte[drawn.Outputs], new byte[kernel.ScratchBytes(12, 12, 2)]);
            kernel.Run(drawn.Input, 12, 12, output, scratch, workers);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int run = 0; run < 100; run++) kernel.Run(drawn.Input, 12, 12, output, scratch, workers);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        });
    }

    [Fact]
    public void WrongSizesAreRefused()
    {
        var kernel = ConvolutionKernel.Compile(Uniform(new(4, 4, 3, 3, Padding: 1), 1, 9), KernelKind.Direct);
        using var workers = new Workers(1);
        var scratch = new byte[kernel.ScratchBytes(5, 5, 1)];
        Assert.Throws<ArgumentOutOfRangeException>("input", () => kernel.Run(new byte[99], 5, 5, new byte[100], scratch, workers));
        Assert.Throws<ArgumentOutOfRangeException>("output", () => kernel.Run(new byte[100], 5, 5, new byte[101], scratch, workers));
        Assert.Throws<ArgumentOutOfRangeException>("scratch", () => kernel.Run(new byte[100], 5, 5, new byte[100], new byte[9], workers));
    }

    /// <summary>All weights the same.</summary>
    static ConvolutionLayer Uniform(ConvolutionShape shape, sbyte weight, byte inputMax)
    {
        var weights = new sbyte[shape.OutputChannels * shape.KernelHeight * shape.KernelWidth * shape.InputChannels / shape.Groups];
        weights.AsSpan().Fill(weight);
        T[] Each<T>(T value) => [.. Enumerable.Repeat(value, shape.OutputChannels)];
        return new(shape, weights, Each(0), new(Each(1 << 30), Each((sbyte)45), Each((short)0), 128, 0, 255), inputMax, 0);
    }
}
