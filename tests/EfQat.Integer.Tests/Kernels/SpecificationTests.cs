using EfQat.Integer.Kernels;

namespace EfQat.Integer.Tests.Kernels;

public class SpecificationTests
{
    [Fact]
    public void ItIsLibtorchsConvolutionInDouble()
    {
        var random = new Random(1);
        using var workers = new Workers(1);
        for (int trial = 0; trial < 500; trial++)
        {
            var drawn = RandomLayer.Draw(random);
            if (drawn.Outputs <= 0) continue;
            Assert.Equal(Torch(drawn), drawn.Run(ConvolutionKernel.Compile(drawn.Layer, KernelKind.Specification), workers));
        }
    }

    /// <summary>Real numbers are code − zero, and padding is 0 of these; the zeros' share of the bias is put back.</summary>
    static byte[] Torch(RandomLayer drawn)
    {
        var (layer, shape) = (drawn.Layer, drawn.Layer.Shape);
        using var scope = NewDisposeScope();
        int inputs = shape.InputChannels / shape.Groups, length = shape.KernelHeight * shape.KernelWidth * inputs;
        var input = tensor(drawn.Input.Select(code => (double)code - layer.InputZero).ToArray(), float64)
            .reshape(1, drawn.Height, drawn.Width, shape.InputChannels).permute(0, 3, 1, 2); // [1, C, H, W]
        var weight = tensor(layer.Weights.Select(code => (double)code).ToArray(), float64)
            .reshape(shape.OutputChannels, shape.KernelHeight, shape.KernelWidth, inputs).permute(0, 3, 1, 2); // [K, C / groups, R, S]
        var bias = tensor(
            layer.Weights.Chunk(length).Select((filter, k) => (double)layer.Bias[k] + layer.InputZero * filter.Sum(code => code)).ToArray(), float64);
        var sums = nn.functional.conv2d(
            input, weight, bias, [shape.Stride, shape.Stride], [shape.Padding, shape.Padding], [shape.Dilation, shape.Dilation], shape.Groups);
        return [.. sums.permute(0, 2, 3, 1).contiguous().data<double>().ToArray().Select((sum, i) =>
        {
            var (output, k) = (layer.Output, i % shape.OutputChannels);
            var exact = (((Int128)(long)sum << 16) + output.Fraction[k]) * output.Multiplier[k] + ((Int128)1 << (output.Shift[k] + 15));
            var code = (exact >> (output.Shift[k] + 16)) + output.Zero;
            return (byte)(code < output.Min ? output.Min : code > output.Max ? output.Max : code);
        })];
    }
}
