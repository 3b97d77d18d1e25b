using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>Runs a model once and tells what arrives at its layers and quantizers, each when it is first reached and before it is used.</summary>
internal static class Arrivals
{
    public static void Watch(
        nn.Module<Tensor, Tensor> model, Tensor input,
        Action<QuantizedLayer, Tensor>? atLayer = null, Action<FakeQuantize, Tensor>? atQuantizer = null)
    {
        var (layers, quantizers) = (Quantize.Layers(model), Quantize.Quantizers(model));
        try
        {
            foreach (var layer in layers)
                layer.Arriving = x =>
                {
                    layer.Arriving = null;
                    atLayer?.Invoke(layer, x);
                };
            foreach (var quantizer in quantizers)
                quantizer.Arriving = x =>
                {
                    quantizer.Arriving = null;
                    atQuantizer?.Invoke(quantizer, x);
                };
            using var scope = NewDisposeScope();
            model.call(input);
        }
        finally
        {
            foreach (var layer in layers) layer.Arriving = null;
            foreach (var quantizer in quantizers) quantizer.Arriving = null;
        }
    }
}
