using EfQat.Integer.Kernels;

namespace EfQat.Integer.Tests.Kernels;

/// <summary>A small layer and a picture for it, drawn at random with a liking for extremes.</summary>
sealed record RandomLayer(ConvolutionLayer Layer, byte[] Input, int Height, int Width)
{
    static readonly byte[] InputMaxima = [63, 126, 127, 255];
    static readonly int[] WeightMaxima = [31, 63, 127];

    public int Outputs => Layer.Shape.OutputHeight(Height) * Layer.Shape.OutputWidth(Width) * Layer.Shape.OutputChannels;

    public static RandomLayer Draw(Random random)
    {
        bool winograd = random.Next(3) == 0, depthwise = !winograd && random.Next(3) == 0;
        int groups = winograd || random.Next(3) > 0 ? 1 : random.Next(2, 5);
        int inputs = groups * random.Next(1, 24), outputs = groups * random.Next(1, 12 + 30 / groups);
        if (depthwise) groups = outputs = inputs;
        var shape = winograd
            ? new ConvolutionShape(inputs, outputs, 3, 3, Padding: random.Next(3))
            : new ConvolutionShape(
                inputs, outputs, random.Next(1, 4), random.Next(1, 4), random.Next(1, 4), random.Next(3), random.Next(1, 3), groups);
        return Draw(random, shape, random.Next(5, 8), random.Next(5, 8), WeightMaxima[random.Next(3)], InputMaxima[random.Next(4)]);
    }

    public static RandomLayer Draw(Random random, ConvolutionShape shape, int height, int width, int weightMax, byte inputMax)
    {
        int length = shape.KernelHeight * shape.KernelWidth * shape.InputChannels / shape.Groups, outputs = shape.OutputChannels;
        bool extreme = random.Next(3) == 0;
        var weights = new sbyte[outputs * length];
        foreach (ref var weight in weights.AsSpan())
            weight = (sbyte)(extreme ? random.Next(2) == 0 ? weightMax : -weightMax : random.Next(-weightMax, weightMax + 1));
        byte zero = (byte)random.Next(inputMax + 1);
        int[] bias = [.. weights.Chunk(length).Select(filter => random.Next(-1000, 1000) - zero * filter.Sum(weight => weight))];
        var input = new byte[height * width * shape.InputChannels];
        foreach (ref var code in input.AsSpan())
            code = random.Next(3) switch { 0 => inputMax, 1 when extreme => 0, _ => (byte)random.Next(inputMax + 1) };
        T[] Each<T>(Func<T> draw) => [.. bias.Select(_ => draw())];
        int leastShift = random.Next(16) == 0 ? 1 : 32; // one below 32, and the whole layer takes portable instructions
        byte min = (byte)random.Next(128), max = (byte)random.Next(min, 256);
        var output = new Requantization(
            Each(() => random.Next(20) == 0 ? 0 : random.Next(1 << 30, int.MaxValue)),
            Each(() => (sbyte)(random.Next(4) == 0 ? random.Next(leastShift, 63) : random.Next(36, 44))),
            Each(() => (short)random.Next(short.MinValue, short.MaxValue + 1)),
            (byte)random.Next(256), random.Next(3) == 0 ? min : (byte)0, random.Next(3) == 0 ? max : (byte)255);
        return new(new(shape, weights, bias, output, inputMax, zero), input, height, width);
    }

    /// <summary>All the codes, by one kernel.</summary>
    public byte[] Run(ConvolutionKernel kernel, Workers workers)
    {
        var output = new byte[Outputs];
        kernel.Run(Input, Height, Width, output, new byte[kernel.ScratchBytes(Height, Width, workers.Threads)], workers);
        return output;
    }
}
