using EfQat.Backward;
using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>A layer's product with the weight scales that it has now, and without its bias; the weight is quantized once, for all inputs.</summary>
internal sealed class Product(QuantizedLayer layer)
{
    private readonly Tensor weight = layer.Integers.Dequantize();

    public Tensor Of(Tensor x) => layer is QuantConv2d { Shape: var shape }
        ? Kernels.Convolution(x, weight, null, shape)
        : Kernels.Linear(x, weight, null);
}
