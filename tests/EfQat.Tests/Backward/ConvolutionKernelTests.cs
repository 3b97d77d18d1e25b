#if LOCAL_TORCH
using System.Runtime.InteropServices;
using EfQat.Backward;
using static EfQat.Tests.Backward.PlainArrays;

namespace EfQat.Tests.Backward;

/// <summary>
/// efqat::conv2d and its input gradient. Operands are small integers: every float sum is exact, and equals the loop's, but where Winograd's
/// sixths are in it.
/// </summary>
public sealed class ConvolutionKernelTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly int threads = get_num_threads();

    public ConvolutionKernelTests() => manual_seed(7);

    public void Dispose()
    {
        set_num_threads(threads);
        scope.Dispose();
    }

    private static Tensor Conv2d(Tensor x, Tensor weight, long stride, params long[] padding) =>
        NativeOps.Call("efqat::conv2d", x, weight, stride, padding)[0];

    private static Tensor InputGradient(Tensor grad, Tensor weight, long[] inputShape, long stride, params long[] padding) =>
        NativeOps.Call("efqat::conv2d_input_gradient", grad, weight, inputShape, stride, padding)[0];

    private static Tensor Integers(params long[] shape) => ChannelsLast(randint(-4, 5, shape, dtype: float32));

    private static void AssertEqualsTheLoop(long[] inputShape, long[] weightShape, long stride, long paddingY, long paddingX)
    {
        using var scope = NewDisposeScope();
        string what = $"x [{string.Join(", ", inputShape)}], w [{string.Join(", ", weightShape)}], stride {stride}, padding {paddingY}, {paddingX}";
        var shape = new ConvShape((stride, stride), (paddingY, paddingX), 1);
        var (x, weight) = (Integers(inputShape), Integers(weightShape));
        var y = Conv2d(x, weight, stride, paddingY, paddingX);
        Assert.Equal(PlainConvolution.OutputShape(inputShape, weightShape, shape), y.shape);
        Assert.True(Values(y).AsSpan().SequenceEqual(PlainConvolution.Output(x, weight, shape)), what);

        var grad = Integers(y.shape);
        var gradX = InputGradient(grad, weight, inputShape, stride, paddingY, paddingX);
        Assert.Equal(inputShape, gradX.shape);
        var expected = PlainConvolution.InputGradient(grad, weight, inputShape, shape);
        if (weightShape is [_, _, 3, 3] && stride == 1 && weightShape[0] % 16 == 0 && weightShape[1] % 16 == 0)
            AssertNear(expected, gradX, $"gradient of {what}");
        else
            Assert.True(Values(gradX).AsSpan().SequenceEqual(expected), $"gradient of {what}");
    }

    /// <summary>Winograd's tiles add and subtract up to 10 times the values: floats keep 5 digits of the largest.</summary>
    private static void AssertNear(double[] expected, Tensor actual, string what)
    {
        double largest = expected.Max(Math.Abs), worst = expected.Zip(Values(actual), (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= 2e-5 * largest, $"{what}: off by {worst / largest:e1} of the largest");
    }

    [Theory, InlineData(1, 1), InlineData(4, 4), InlineData(5, 9), InlineData(13, 8), InlineData(33, 3)]
    public void Winograd_takes_images_of_every_size(int height, int width)
    {
        foreach (var (channels, filters) in ((int, int)[])[(16, 16), (16, 48), (48, 32), (64, 64)])
        for (int y = 0; y <= 2; y++)
        for (int x = 0; x <= 2; x++)
            if (height + 2 * y >= 3 && width + 2 * x >= 3)
            {
                using var scope = NewDisposeScope();
                var shape = new ConvShape((1, 1), (y, x), 1);
                long[] inputShape = [3, channels, height, width];
                var weight = randn(filters, channels, 3, 3);
                var grad = ChannelsLast(randn(3, filters, height + 2 * y - 2, width + 2 * x - 2));
                AssertNear(PlainConvolution.InputGradient(grad, weight, inputShape, shape), InputGradient(grad, weight, inputShape, 1, y, x), $"{channels} × {filters}, padding {y}, {x}");
            }
    }

    [Theory]
    [InlineData(1, 1), InlineData(3, 3), InlineData(5, 5), InlineData(7, 7), InlineData(1, 3), InlineData(3, 1), InlineData(2, 2)]
    public void Every_kernel_padding_and_size(int height, int width)
    {
        foreach (var (h, w) in ((long, long)[])[(7, 9), (8, 6), (1, 37), (34, 2), (1, 1)])
        for (int stride = 1; stride <= 2; stride++)
        for (int y = 0; y <= 3; y++)
        for (int x = 0; x <= 3; x++)
            if (h + 2 * y >= height && w + 2 * x >= width)
                AssertEqualsTheLoop([2, 3, h, w], [5, 3, height, width], stride, y, x);
    }

    [Theory, InlineData(1), InlineData(3), InlineData(10), InlineData(16), InlineData(17), InlineData(33), InlineData(48), InlineData(65), InlineData(100)]
    public void Any_numbers_of_channels(int channels)
    {
        foreach (int filters in (int[])[1, 3, 8, 10, 16, 17, 33, 48, 65, 100])
        {
            AssertEqualsTheLoop([1, channels, 5, 7], [filters, channels, 3, 3], 1, 1, 1);
            AssertEqualsTheLoop([1, channels, 6, 7], [filters, channels, 3, 3], 2, 1, 1);
        }
    }

    [Theory, InlineData(1), InlineData(3), InlineData(4), InlineData(5)]
    public void Few_channels_in_rows_of_any_length(int channels)
    {
        foreach (int width in (int[])[16, 37])
            for (int stride = 1; stride <= 2; stride++)
                AssertEqualsTheLoop([2, channels, 5, width], [32, channels, 3, 3], stride, 1, 1);
    }

    [Fact]
    public void Threads_and_memory_order_do_not_change_a_bit()
    {
        foreach (var (channels, filters) in ((int, int)[])[(17, 33), (16, 32)])
        foreach (int stride in (int[])[1, 2])
        {
            var (x, weight) = (randn(5, channels, 13, 11), randn(filters, channels, 3, 3));
            (Tensor, Tensor) Run(int threads, Func<Tensor, Tensor> order)
            {
                set_num_threads(threads);
                var y = Conv2d(order(x), weight, stride, 1, 1);
                return (y, InputGradient(order(y.relu()), weight, x.shape, stride, 1, 1));
            }
            var (y, gradX) = Run(1, ChannelsLast);
            foreach (var (sameY, sameGradX) in ((Tensor, Tensor)[])[Run(2, ChannelsLast), Run(3, ChannelsLast), Run(2, t => t.contiguous())])
                Assert.True(y.Equals(sameY) && gradX.Equals(sameGradX));
        }
    }

    [Fact]
    public void No_images_give_no_images() => Assert.Equal([0, 4, 5, 5], Conv2d(empty(0, 3, 5, 5), randn(4, 3, 3, 3), 1, 1, 1).shape);

    [Fact]
    public void What_it_cannot_do_is_an_error()
    {
        var (x, weight) = (randn(2, 3, 5, 5), randn(4, 3, 3, 3));
        void Refused(string reason, Func<Tensor> call) => Assert.Contains(reason, Assert.Throws<ExternalException>(call).Message);

        Refused("the stride must be 1 or 2, got 3", () => Conv2d(x, weight, 3, 1, 1));
        Refused("the operand has 3 channels, the filters have 7", () => Conv2d(x, randn(4, 7, 3, 3), 1, 1, 1));
        Refused("must be float", () => Conv2d(x.to(float64), weight, 1, 1, 1));
        Refused("4 dimensions", () => Conv2d(x[0], weight, 1, 1, 1));
        Refused("the kernel is larger than the padded image", () => Conv2d(x, randn(4, 3, 7, 7), 1, 0, 0));
        Refused("padding", () => Conv2d(x, weight, 1, -1, 1));
        Refused("padding", () => Conv2d(x, weight, 1, 1));

        var grad = randn(2, 4, 5, 5);
        Refused("the stride must be 1 or 2, got 0", () => InputGradient(grad, weight, x.shape, 0, 1, 1));
        Refused("the operand has 4 channels, the filters have 6", () => InputGradient(grad, randn(6, 3, 3, 3), x.shape, 1, 1, 1));
        Refused("padding", () => InputGradient(grad, weight, x.shape, 1, 1, -1));
        Refused("input", () => InputGradient(grad, weight, [2, 3, 5], 1, 1, 1));
        Refused("input", () => InputGradient(grad, weight, [2, 3, 9, 9], 1, 1, 1));
        Refused("input", () => InputGradient(grad, weight, [2, 5, 5, 5], 1, 1, 1));
    }
}
#endif
