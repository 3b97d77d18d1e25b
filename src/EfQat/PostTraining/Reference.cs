using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>A layer that reads a quantizer's output, through operators that only move its values.</summary>
internal sealed record Reader(QuantizedLayer Layer, IReadOnlyList<KeepsGrid> Moves)
{
    public Tensor Output(Tensor quantized) => Layer.call(Moves.Aggregate(quantized, (x, move) => move.call(x)));
}

/// <summary>What EasyQuant compares with: the float network's outputs O, and who reads whose.</summary>
internal sealed class Reference
{
    private readonly Dictionary<FakeQuantize, List<Reader>> readers = [];
    private readonly Dictionary<QuantizedLayer, Tensor> layers = [];
    private readonly Dictionary<FakeQuantize, Tensor> unread = [];
    private readonly HashSet<QuantizedLayer> beforeRelu = [];
    private readonly bool afterRelu;

    /// <param name="model">Calibrated; it is again when this returns.</param>
    /// <param name="samples">// [N, …]</param>
    /// <param name="afterRelu">See <see cref="EasyQuantOptions.AfterRelu"/>.</param>
    /// <param name="scope">Keeps the outputs.</param>
    public Reference(nn.Module<Tensor, Tensor> model, Tensor samples, bool afterRelu, DisposeScope scope)
    {
        this.afterRelu = afterRelu;
        Arrivals.Watch(model, samples[..1], FindReader, (quantizer, _) => readers.Add(quantizer, []));
        Quantize.SetState(model, QuantizerState.Off);
        try
        {
            RunFloat(model, samples, scope);
        }
        finally
        {
            Quantize.SetState(model, QuantizerState.On);
        }
        foreach (var layer in layers.Keys.ToArray()) layers[layer] = Kept(Compared(layer, layers[layer]), scope);
    }

    /// <summary>Layers that run.</summary>
    public int Layers => layers.Count;

    /// <summary>Activation quantizers that run.</summary>
    public int Quantizers => readers.Count;

    public static string NameOf(nn.Module model, nn.Module module) =>
        model.named_modules().First(pair => ReferenceEquals(pair.module, module)).name;

    /// <summary>O as it is compared. // [N, …]</summary>
    public Tensor Target(QuantizedLayer layer) => layers[layer];

    /// <summary>(1/N) Σ_i cos(O_i, Ô_i) of a layer's output Ô.</summary>
    public double Cosine(QuantizedLayer layer, Tensor output) => Mean(layers[layer], Compared(layer, output));

    /// <summary>The mean cosine of what a quantizer's output leads to: the outputs of the layers that read it; its own where none does [ours].</summary>
    public double Cosine(FakeQuantize quantizer, Tensor output) => unread.TryGetValue(quantizer, out var own)
        ? Mean(own, output)
        : readers[quantizer].Average(reader => Cosine(reader.Layer, reader.Output(output)));

    /// <summary>What happens to some filters' products before they are compared; null: nothing.</summary>
    public Func<Tensor, long, long, Tensor>? Tail(QuantizedLayer layer) => !afterRelu ? null : (product, from, count) =>
    {
        if (layer.Bias is { } bias) product = product + bias.reshape(product.shape[0], 1, -1, 1).narrow(2, from, count);
        return beforeRelu.Contains(layer) ? product.relu() : product;
    };

    private void FindReader(QuantizedLayer layer, Tensor input)
    {
        if (GridTag.Of(input) is { Quantizer: { } quantizer } integers) readers[quantizer].Add(new(layer, integers.Moves));
    }

    private void RunFloat(nn.Module<Tensor, Tensor> model, Tensor samples, DisposeScope scope)
    {
        QuantizedLayer? last = null;
        Arrivals.Watch(model, samples,
            (layer, x) =>
            {
                layers.Add(last = layer, Kept(layer.call(x), scope));
                if (!layers[layer].isfinite().all().item<bool>())
                    throw new UserError($"{NameOf(model, layer)}: its float output holds NaN or infinity; check the model's weights and the samples");
            },
            (quantizer, x) =>
            {
                if (readers.TryGetValue(quantizer, out var reading) && reading.Count == 0)
                    unread.Add(quantizer, Kept(quantizer.call(x).alias(), scope));
                if (quantizer.Relu && last is not null && x.shape.SequenceEqual(layers[last].shape) && x.Equals(layers[last]))
                    beforeRelu.Add(last);
            });
    }

    private static Tensor Kept(Tensor output, DisposeScope scope)
    {
        scope.Attach(output);
        return output;
    }

    private Tensor Compared(QuantizedLayer layer, Tensor output)
    {
        if (afterRelu) return beforeRelu.Contains(layer) ? output.relu() : output;
        return layer.Bias is { } bias ? output - (layer is QuantConv2d ? bias.reshape(-1, 1, 1) : bias) : output;
    }

    private static double Mean(Tensor x, Tensor y) => PostTraining.Cosine.OfSamples(x, y).mean().item<double>();
}
