using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>What EasyQuant compares with: the float network's outputs O, and who reads whose.</summary>
internal sealed class Reference
{
    /// <summary>A layer that reads a quantizer's output, through operators that only move its values.</summary>
    private sealed record Reader(QuantizedLayer Layer, IReadOnlyList<KeepsGrid> Moves);

    private readonly Dictionary<FakeQuantize, List<Reader>> readers = [];
    private readonly Dictionary<QuantizedLayer, Target> layers = [];
    private readonly Dictionary<FakeQuantize, Target> unread = [];
    private readonly Dictionary<QuantizedLayer, FakeQuantize> relus = [];
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
            foreach (var (layer, output) in RunFloat(model, samples, scope))
            {
                var compared = Compared(layer, output);
                layers.Add(layer, new(compared, scope));
                if (!ReferenceEquals(compared, output)) output.Dispose();
            }
        }
        finally
        {
            Quantize.SetState(model, QuantizerState.On);
        }
    }

    /// <summary>Layers that run.</summary>
    public int Layers => layers.Count;

    /// <summary>Activation quantizers that run.</summary>
    public int Quantizers => readers.Count;

    public static string NameOf(nn.Module model, nn.Module module) =>
        model.named_modules().First(pair => ReferenceEquals(pair.module, module)).name;

    /// <summary>O as it is compared. // [N, …]</summary>
    public Tensor Output(QuantizedLayer layer) => layers[layer].Output;

    /// <summary>(1/N) Σ_i cos(O_i, Ô_i) of a layer, given its input; its weights are quantized as they are now.</summary>
    public Func<Tensor, double> Objective(QuantizedLayer layer)
    {
        var (product, target) = (new Product(layer), layers[layer]);
        return input => target.Cosine(afterRelu ? Behind(layer, product.Of(input)) : product.Of(input));
    }

    /// <summary>The mean cosine of what a quantizer's output leads to: the outputs of the layers that read it; its own where none does [ours].</summary>
    public Func<Tensor, double> Objective(FakeQuantize quantizer)
    {
        if (unread.TryGetValue(quantizer, out var own)) return own.Cosine;
        var objectives = readers[quantizer].Select(reader => (reader.Moves, Of: Objective(reader.Layer))).ToArray();
        return output =>
        {
            using var values = output.alias();  // whose integers nobody reads
            return objectives.Average(objective => objective.Of(objective.Moves.Aggregate(values, (x, move) => move.call(x))));
        };
    }

    /// <summary>What happens to some filters' products before they are compared; null: nothing.</summary>
    public Func<Tensor, long, long, Tensor>? Tail(QuantizedLayer layer) => !afterRelu ? null : (product, from, count) =>
    {
        if (layer.Bias is { } bias) product = product + bias.reshape(product.shape[0], -1, 1, 1, 1).narrow(1, from, count);
        return BehindRelu(layer, product);
    };

    private void FindReader(QuantizedLayer layer, Tensor input)
    {
        if (GridTag.Of(input) is { Quantizer: { } quantizer } integers) readers[quantizer].Add(new(layer, integers.Moves));
    }

    private Dictionary<QuantizedLayer, Tensor> RunFloat(nn.Module<Tensor, Tensor> model, Tensor samples, DisposeScope scope)
    {
        Dictionary<QuantizedLayer, Tensor> outputs = [];
        QuantizedLayer? last = null;
        Arrivals.Watch(model, samples,
            (layer, x) =>
            {
                var output = layer.call(x);
                if (!output.isfinite().all().item<bool>())
                    throw new UserError($"{NameOf(model, layer)}: its float output holds NaN or infinity; check the model's weights and the samples");
                scope.Attach(output);
                outputs.Add(last = layer, output);
            },
            (quantizer, x) =>
            {
                if (readers.TryGetValue(quantizer, out var reading) && reading.Count == 0)
                    unread.Add(quantizer, new(quantizer.call(x).alias(), scope));
                if (quantizer.Relu && last is not null && x.shape.SequenceEqual(outputs[last].shape) && x.Equals(outputs[last]))
                    relus.TryAdd(last, quantizer);
            });
        return outputs;
    }

    /// <summary>A layer's output as it is compared.</summary>
    private Tensor Compared(QuantizedLayer layer, Tensor output)
    {
        if (afterRelu) return BehindRelu(layer, output);
        return layer.Bias is null ? output : output - BiasOf(layer);
    }

    /// <summary>The same of its product.</summary>
    private Tensor Behind(QuantizedLayer layer, Tensor product)
    {
        if (layer.Bias is not null) product = product + BiasOf(layer);
        return BehindRelu(layer, product);
    }

    private Tensor BehindRelu(QuantizedLayer layer, Tensor output) => relus.GetValueOrDefault(layer)?.Activated(output) ?? output;

    private static Tensor BiasOf(QuantizedLayer layer) => layer is QuantConv2d ? layer.Bias!.reshape(-1, 1, 1) : layer.Bias!;
}
