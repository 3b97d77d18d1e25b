using EfQat.Backward;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>A linear layer with a fake-quantized weight and input, and a partial backward.</summary>
public sealed class QuantLinear(Linear origin, Grid weightGrid, FakeQuantize? input, Granularity granularity = default, bool gradientScale = true)
    : QuantizedLayer(nameof(QuantLinear), origin.weight!, origin.bias, weightGrid, input, granularity, gradientScale)
{
    /// <inheritdoc/>
    protected override Tensor Float(Tensor x, Tensor weight) => nn.functional.linear(x, weight, bias);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x, Tensor weight, RowSet rows, Tensor? unfrozen) =>
        PartialLinear.Apply(x, weight, rows, unfrozen, bias);
}
