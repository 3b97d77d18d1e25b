using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>
/// EasyQuant (arXiv 2006.16669): after calibration, scales are searched so that each layer's output points where the float network's does.
/// <code>
/// max over S &gt; 0 of (1/N) Σ_i cos(O_i, Ô_i)          Ô = Q(Â, S_a) ⊛ Q(W, S_w) / (S_a·S_w)
/// </code>
/// First the weight scales of all layers in order, each filter by itself; then, with these, the activation scales in order. Â is what the network
/// with its earlier layers quantized gives, so a sweep is one run of it, in which each layer is searched when it is reached.
/// <para>
/// [ours] A filter's best scale may turn the layer's output as a whole away: where all filters' choices together lower the layer's cosine, it keeps
/// its scales. A tensor that several layers read takes the mean of their cosines; one that no layer reads (an addition, pooling), its own.
/// </para>
/// </summary>
public static class EasyQuant
{
    /// <summary>Searches the scales, starting from those that the model has.</summary>
    /// <param name="model">
    /// Calibrated (<see cref="Quantize.Calibrate"/>), with a weight scale per output channel, and BatchNorm folded (<see cref="BatchNormFolding"/>)
    /// where it is as in the paper. Where cancelled, it keeps what was found so far.
    /// </param>
    /// <param name="samples">The paper takes 50. All are run at once, and the outputs of all layers are kept meanwhile. // [N, …]</param>
    /// <param name="options">See <see cref="EasyQuantOptions.Paper"/>.</param>
    /// <param name="progress">Told after each search.</param>
    /// <param name="cancellation">Looked at before each search.</param>
    /// <returns>All searches, in order.</returns>
    /// <exception cref="UserError">There are no samples, the model is not calibrated, or a layer's output is NaN or infinite.</exception>
    public static IReadOnlyList<ScaleSearch> Optimize(
        nn.Module<Tensor, Tensor> model, Tensor samples, EasyQuantOptions options, IProgress<EasyQuantProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        Check(model, samples);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        model.eval();
        var reference = new Reference(model, samples, options.AfterRelu, scope);
        int total = options.Rounds * ((options.Weights ? reference.Layers : 0) + (options.Activations ? reference.Quantizers : 0));
        List<ScaleSearch> searches = [];
        Action<T, Tensor> Searching<T>(int round, Func<T, Tensor, Found> search) where T : nn.Module => (module, input) =>
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var found = search(module, input);
            searches.Add(new(Reference.NameOf(model, module), module is QuantizedLayer, round, found.Before, found.After, found.Curve));
            progress?.Report(new(searches.Count, total, searches[^1]));
        };
        for (int round = 1; round <= options.Rounds; round++)
        {
            if (options.Weights)
                Arrivals.Watch(model, samples, atLayer: Searching<QuantizedLayer>(round, (layer, x) => Weights(layer, x, reference, options.WeightRange)));
            if (options.Activations)
                Arrivals.Watch(model, samples, atQuantizer: Searching<FakeQuantize>(round, (each, x) => Activation(each, x, reference, options.ActivationRange)));
        }
        return searches;
    }

    private readonly record struct Found(double Before, double After, IReadOnlyList<double> Curve);

    private static Found Weights(QuantizedLayer layer, Tensor input, Reference reference, ScaleRange range)
    {
        var start = layer.Integers.Scale;                                                                          // [out]
        float[][] steps = [.. start.data<float>().ToArray().Select(step => range.Steps(step).Select(s => (float)s).ToArray())];
        using var candidates = stack(steps.Select(filter => tensor(filter, device: start.device)), 1);              // [C, out]
        var cosines = FilterCosines.Of(layer, input, reference.Output(layer), candidates, reference.Tail(layer));  // [C, out]
        var best = steps.Select((filter, o) => filter[ScaleSearch.Best(cosines.select(1, o).data<double>().ToArray())]).ToArray();
        double before = reference.Objective(layer)(input);
        layer.SetScales(tensor(best, device: start.device));
        double after = reference.Objective(layer)(input);
        if (after < before) layer.SetScales(start);
        return new(before, Math.Max(before, after), cosines.mean([1]).data<double>().ToArray());
    }

    private static Found Activation(FakeQuantize quantizer, Tensor input, Reference reference, ScaleRange range)
    {
        double[] steps = range.Steps(quantizer.Scale);
        double zeroPoint = quantizer.ZeroPoint;
        var objective = reference.Objective(quantizer);
        double[] cosines = [.. steps.Select(step =>
        {
            using var scope = NewDisposeScope();
            quantizer.Set(step, zeroPoint);
            return objective(quantizer.call(input));
        })];
        int best = ScaleSearch.Best(cosines);
        quantizer.Set(steps[best], zeroPoint);
        return new(cosines[0], cosines[best], cosines);
    }

    private static void Check(nn.Module model, Tensor samples)
    {
        if (samples.shape[0] == 0) throw new UserError("EasyQuant: there are no samples; give it some images, e.g. 50");
        var layers = Quantize.Layers(model);
        if (layers.Count == 0 || layers.Any(layer => !layer.Quantizing))
            throw new UserError($"{model.GetName()}: EasyQuant starts from a calibrated model; call Quantize.Prepare and Quantize.Calibrate first");
        if (layers.FirstOrDefault(layer => layer.Granularity != Granularity.PerChannel) is { } other)
            throw new UserError(
                $"{Reference.NameOf(model, other)}: EasyQuant searches one scale per output channel, not {other.Granularity}; prepare with per-channel");
    }
}
