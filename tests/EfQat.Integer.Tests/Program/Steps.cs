using EfQat.Integer.Kernels;
using EfQat.Integer.Program;

namespace EfQat.Integer.Tests.Program;

/// <summary>Short programs.</summary>
static class Steps
{
    /// <summary>Codes as they are.</summary>
    public static QuantizeInput Input(int height, int width, int channels, byte zero = 0) => new("input", [], height, width, channels, 1, zero, 0, 255);

    /// <summary>What a step makes of codes, which arrive as floats; large ones on three threads.</summary>
    public static byte[] Run(Step step, QuantizeInput input, byte[] codes)
    {
        using var session = new IntegerSession(new([input, step, new AverageLogits("mean", [1], 0, 1)]), KernelKind.Specification, threads: 3);
        session.Run([.. codes.Select(code => (float)code - input.Zero)], new float[session.Program.Classes]);
        return session.Codes(1).ToArray();
    }

    public static byte[] Random(int count, int seed = 1)
    {
        var codes = new byte[count];
        new Random(seed).NextBytes(codes);
        return codes;
    }

    /// <summary>A program with every kind of step. // 2×9×9 in, 4 classes</summary>
    public static IntegerProgram EveryKind()
    {
        sbyte[] weights = [.. Random(5 * 3 * 3 * 2).Select(code => (sbyte)(code - 128))];
        Requantization output = new([.. Enumerable.Repeat(1 << 30, 5)], [.. Enumerable.Repeat((sbyte)38, 5)], [1, -2, 300, -400, 5], 3, 0, 250);
        Rescaling half = new(1 << 20, 0, 1 << 20, 21, 0, 255);
        return new(
            [
                Input(9, 9, 2, zero: 7),
                new Convolution("convolution", [0], new(new(2, 5, 3, 3, Padding: 1), weights, [1, -2, 3, -4, 5], output, 255, 7)),
                new Shortcut("shortcut", [0], 1, 1, 2, 7),
                new Addition("addition", [1, 2], half with { Second = -12345 }),
                new Concatenation("concatenation", [3, 1], [half, half with { Min = 9 }]),
                new MaxPooling("maximum", [4], new(3, 3, 2, Ceiling: true)),
                new AveragePooling("average", [5], new(2, 2, 2), 7, new([1 << 30], [32], [0], 7, 0, 255)),
                new LinearLogits("linear", [6], [.. Random(4 * 40).Select(code => (sbyte)(code - 128))], [1, 2, 3, 4], [0.5f, 0.25f, 1, 1e-3f]),
            ],
            new Dictionary<string, string> { ["model"] = "every kind" });
    }
}
