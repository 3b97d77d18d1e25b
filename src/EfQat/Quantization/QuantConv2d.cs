using EfQat.Backward;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>A convolution with a fake-quantized weight and input, and a partial backward.</summary>
public sealed class QuantConv2d : QuantizedLayer
{
    private readonly ConvShape shape;

    /// <summary>Takes over the parameters of a float convolution.</summary>
    public QuantConv2d(Conv2d origin, Grid weightGrid, FakeQuantize? input, Granularity granularity = default, bool gradientScale = true)
        : base(nameof(QuantConv2d), origin.weight!, origin.bias, weightGrid, input, granularity, gradientScale)
    {
        shape = ShapeOf(origin);
    }

    /// <summary>Stride, padding and groups.</summary>
    public ConvShape Shape => shape;

    /// <inheritdoc/>
    protected override Tensor Float(Tensor x, Tensor weight) =>
        nn.functional.conv2d(x, weight, bias, shape.Strides, shape.Paddings, groups: shape.Groups);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x, Tensor weight, RowSet rows, Tensor? unfrozen) =>
        PartialConv2d.Apply(x, weight, rows, unfrozen, bias, shape);

    /// <summary>For inference: the same layer with Ŵ·factor for its weight, on the same codes, and shift added to its output.</summary>
    /// <param name="factor">// [K]</param>
    /// <param name="shift">// [K]</param>
    internal QuantConv2d Scaled(Tensor factor, Tensor shift)
    {
        var values = Quantizing ? Integers.Dequantize() : CompleteWeight;
        if (bias is not null) shift = shift + bias * factor;
        var origin = BatchNormFolding.Convolution(values * factor.reshape(-1, 1, 1, 1), shift, shape.Strides, shape.Paddings, [1, 1], shape.Groups);
        var channels = Granularity == Granularity.PerTensor ? Granularity.PerChannel : Granularity;
        var twin = new QuantConv2d(origin, WeightGrid, input, channels) { Quantizing = Quantizing };
        twin.log_scale.copy_(log_scale + factor.abs().log().reshape([-1, .. twin.log_scale.shape[1..].Select(_ => 1L)]));
        return twin;
    }

    private static ConvShape ShapeOf(Conv2d origin)
    {
        if (origin.dilation.Any(step => step != 1))
            throw new UserError($"{origin.GetName()}: dilated convolutions cannot be quantized; use one without dilation");
        return new((origin.stride[0], origin.stride[1]), (origin.padding![0], origin.padding[1]), origin.groups);
    }
}
