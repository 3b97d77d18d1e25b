using EfQat.Backward;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>A convolution with a fake-quantized weight and input, and a partial backward.</summary>
public sealed class QuantConv2d : QuantizedLayer
{
    private readonly ConvShape shape;

    /// <summary>Takes over the parameters of a float convolution.</summary>
    public QuantConv2d(Conv2d origin, Grid weightGrid, FakeQuantize? input) : base(nameof(QuantConv2d), origin.weight!, origin.bias, weightGrid, input)
    {
        shape = ShapeOf(origin);
    }

    /// <summary>Stride, padding and groups.</summary>
    public ConvShape Shape => shape;

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x, Tensor weight, RowSet rows, Tensor? unfrozen) =>
        PartialConv2d.Apply(x, weight, rows, unfrozen, bias, shape);

    private static ConvShape ShapeOf(Conv2d origin)
    {
        if (origin.dilation.Any(step => step != 1))
            throw new UserError($"{origin.GetName()}: dilated convolutions cannot be quantized yet; keep the layer in floats with Scheme.Skip");
        return new((origin.stride[0], origin.stride[1]), (origin.padding![0], origin.padding[1]), origin.groups);
    }
}
