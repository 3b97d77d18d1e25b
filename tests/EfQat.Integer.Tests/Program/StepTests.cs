using System.Numerics;
using EfQat.Integer.Kernels;
using EfQat.Integer.Program;

namespace EfQat.Integer.Tests.Program;

public sealed class StepTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory, InlineData(1), InlineData(31), InlineData(1000)]
    public void Rescaling_is_the_quotient_in_unbounded_integers(int count)
    {
        var (first, second, output) = (Steps.Random(count, 1), Steps.Random(count, 2), new byte[count]);
        var random = new Random(3);
        for (int trial = 0; trial < 50; trial++)
        {
            int shift = random.Next(1, 25);
            Rescaling rescaling = new(random.Next(-(1 << 20), 1 << 20), random.Next(-(1 << 20), 1 << 20), random.Next(-(1 << 28), 1 << 28), shift, 3, 240);
            rescaling.Apply(first, second, output);
            for (int i = 0; i < count; i++)
            {
                var floor = ((BigInteger)rescaling.First * first[i] + (BigInteger)rescaling.Second * second[i] + rescaling.Offset) >> shift;
                Assert.Equal((byte)BigInteger.Max(3, BigInteger.Min(240, floor)), output[i]);
            }
        }
    }

    [Theory, InlineData(11, 3, 2, 0, true), InlineData(12, 3, 2, 0, true), InlineData(12, 3, 2, 0, false), InlineData(9, 3, 2, 1, false), InlineData(7, 2, 2, 0, false)]
    [InlineData(66, 3, 2, 0, true), InlineData(40, 3, 1, 1, false)]
    public void Max_pooling_is_torchs(int side, int kernel, int stride, int padding, bool ceiling)
    {
        byte[] codes = Steps.Random(side * side * 40);
        var expected = nn.functional.max_pool2d(
            tensor(codes, [1, side, side, 40]).permute(0, 3, 1, 2).to(float32), [kernel, kernel], [stride, stride], [padding, padding], ceil_mode: ceiling);
        var step = new MaxPooling("pool", [0], new(kernel, kernel, stride, padding, ceiling));
        Assert.Equal(ChannelsLast(expected), Steps.Run(step, Steps.Input(side, side, 40), codes).Select(code => (float)code));
    }

    [Theory, InlineData(8, 8, 1, 0, 0), InlineData(8, 2, 2, 0, 10), InlineData(9, 3, 2, 1, 100), InlineData(7, 3, 1, 1, 255)]
    public void Average_pooling_rounds_torchs_mean(int side, int kernel, int stride, int padding, byte zero)
    {
        byte[] codes = Steps.Random(side * side * 40);
        var expected = nn.functional.avg_pool2d(
            tensor(codes, [1, side, side, 40]).permute(0, 3, 1, 2).to(float64) - zero, kernel, stride, padding) * Math.Sqrt(0.5);
        double factor = Math.Sqrt(0.5) / (kernel * kernel);
        int shift = 30 - Math.ILogB(factor);
        var step = new AveragePooling("pool", [0], new(kernel, kernel, stride, padding), zero, new([(int)Math.Round(factor * Math.Pow(2, shift))], [(sbyte)shift], [0], 50, 0, 255));
        double[] means = expected.permute(0, 2, 3, 1).contiguous().data<double>().ToArray();
        Assert.Equal(
            means.Select(mean => (byte)Math.Clamp(Math.Floor(mean + 0.5) + 50, 0, 255)), Steps.Run(step, Steps.Input(side, side, 40, zero), codes));
    }

    [Fact]
    public void A_shortcut_takes_every_other_pixel_and_new_channels_hold_zero()
    {
        byte[] codes = Steps.Random(5 * 4 * 2);
        byte[] output = Steps.Run(new Shortcut("shortcut", [0], Stride: 2, Before: 1, After: 2, Zero: 77), Steps.Input(5, 4, 2), codes);
        Assert.Equal(3 * 2 * 5, output.Length);
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 2; x++)
                Assert.Equal([77, codes[(y * 2 * 4 + x * 2) * 2], codes[(y * 2 * 4 + x * 2) * 2 + 1], 77, 77], output.AsSpan((y * 2 + x) * 5, 5).ToArray());
    }

    [Theory, InlineData(6), InlineData(60)]
    public void A_concatenation_rescales_each_part(int rows)
    {
        byte[] codes = Steps.Random(rows * 7 * 33);
        Rescaling[] parts = [new(1, 0, 0, 1, 0, 255), new(3, 0, 2, 2, 5, 180), new(1 << 8, 0, 1 << 7, 8, 20, 200)]; // the last on the same grid
        byte[] output = Steps.Run(new Concatenation("concat", [0, 0, 0], parts), Steps.Input(rows, 7, 33), codes);
        for (int i = 0; i < codes.Length; i++)
        {
            int at = i / 33 * 99 + i % 33;
            Assert.Equal(
                (codes[i] / 2, Math.Clamp((3 * codes[i] + 2) / 4, 5, 180), Math.Clamp(codes[i], (byte)20, (byte)200)), (output[at], output[at + 33], output[at + 66]));
        }
    }

    [Theory, InlineData(5), InlineData(100)]
    public void An_addition_rescales_both_sides(int rows)
    {
        byte[] codes = Steps.Random(rows * 9 * 40);
        byte[] output = Steps.Run(new Addition("sum", [0, 0], new(7, -2, 1000, 3, 40, 250)), Steps.Input(rows, 9, 40), codes);
        Assert.Equal(codes.Select(code => (byte)Math.Clamp((5 * code + 1000) / 8, 40, 250)), output);
    }

    [Fact]
    public void Codes_on_their_way_to_another_grid_may_be_far_beyond_16_bits()
    {
        byte[] codes = Steps.Random(64), output = new byte[64];
        foreach (int factor in (int[])[1 << 22, -(1 << 22)])
        {
            new Rescaling(factor, 0, 100, 1, 3, 250).Apply(codes, output, codes.Length, codes.Length);
            Assert.Equal(codes.Select(code => (byte)Math.Clamp((long)factor * code + 100 >> 1, 3, 250)), output);
        }
    }

    [Fact]
    public void The_input_is_rounded_half_to_even_before_the_zero_point()
    {
        float[] image = [0.5f, 1.5f, -0.5f, -1.5f, 2.4f, 1e9f, -1e9f, .. Enumerable.Repeat(-2.5f, 70)];
        image[10] = image[^1] = float.NaN;
        using var session = new IntegerSession(new([new QuantizeInput("input", [], 1, image.Length, 1, 1, 3, 1, 200), new AverageLogits("mean", [0], 3, 1)]));
        session.Run(image, new float[1]);
        Assert.Equal([3, 5, 3, 1, 5, 200, 1, .. Enumerable.Range(7, 70).Select(i => (byte)(i is 10 or 76 ? 3 : 1))], session.Codes(0).ToArray());
    }

    [Fact]
    public void Logits_are_sums_times_units()
    {
        byte[] codes = Steps.Random(3 * 5 * 9);
        sbyte[] weights = [.. Steps.Random(4 * codes.Length, 2).Select(code => (sbyte)(code - 128))];
        (codes[0], codes[1], weights[0], weights[1]) = (255, 255, -128, -128);
        IntegerProgram program = new([Steps.Input(3, 5, 9), new LinearLogits("linear", [0], weights, [5, -6, 7, 1 << 20], [1, 0.5f, 2, 1])]);
        using var session = new IntegerSession(program);
        var logits = new float[4];
        session.Run([.. codes.Select(code => (float)code)], logits);
        int Dot(int k) => codes.Select((code, i) => code * weights[k * codes.Length + i]).Sum();
        Assert.Equal([Dot(0) + 5, (Dot(1) - 6) * 0.5f, (Dot(2) + 7) * 2, Dot(3) + (1 << 20)], logits);
    }

    [Theory, InlineData(10, "10 channels come in"), InlineData(300, "beyond INT32")]
    public void A_convolution_that_does_not_fit_or_could_overflow_is_an_error(int channels, string message)
    {
        int own = channels == 10 ? 9 : 300;
        sbyte[] weights = [.. Enumerable.Repeat((sbyte)-128, own * 15 * 15)];
        var layer = new ConvolutionLayer(new(own, 1, 15, 15), weights, [0], new([1 << 30], [40], [0], 0, 0, 255), 255, 0);
        var error = Assert.Throws<UserError>(() => new IntegerProgram([Steps.Input(15, 15, channels), new Convolution("wide", [0], layer), new AverageLogits("mean", [1], 0, 1)]));
        Assert.StartsWith("wide: ", error.Message);
        Assert.Contains(message, error.Message);
    }

    private static float[] ChannelsLast(Tensor images) => images.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
}
