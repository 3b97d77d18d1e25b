using EfQat.Backward;
using EfQat.Importance;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Training;

/// <summary>What EfQAT trains, and how fast. The defaults are ours where the paper gives none.</summary>
/// <param name="Mode">CWPL, CWPN or LWPN.</param>
/// <param name="Ratio">The share of the blocks to update; 1 is ordinary QAT, 0 trains everything but weights.</param>
/// <param name="Frequency">Training samples from one choice of rows to the next.</param>
/// <param name="LearningRate">Of weights, biases and normalization parameters.</param>
/// <param name="Momentum">Of SGD.</param>
/// <param name="WeightDecay">On weights, and on PACT's α.</param>
/// <param name="ScaleLearningRate">Of log-scales and zero points (Adam); for a log-scale it is the relative change of a step.</param>
/// <param name="TrainBiasesAndNorms">Biases and normalization parameters, in frozen layers too.</param>
/// <param name="TrainActivationScales">Scales and zero points of activations.</param>
/// <param name="TrainWeightScales">Scales of the unfrozen rows.</param>
/// <param name="TrainEmbeddings">Embeddings, which stay floats; off, QAT and EfQAT alike leave them as they were [ours].</param>
/// <param name="WeightRule">Of weights, biases and normalization parameters: SGD for CNNs, AdamW for Transformers [ours].</param>
/// <param name="Metric">What ranks the blocks.</param>
/// <param name="BatchNormBatches">Over which BatchNorm's statistics are averaged anew after training; 0: as training leaves them, as in the paper.</param>
public sealed record EfQatOptions(
    FreezingMode Mode = FreezingMode.ChannelWisePerNetwork, double Ratio = 0.1, long Frequency = 4096,
    double LearningRate = 1e-3, double Momentum = 0.9, double WeightDecay = 5e-4, double ScaleLearningRate = 1e-3,
    bool TrainBiasesAndNorms = true, bool TrainActivationScales = true, bool TrainWeightScales = true, bool TrainEmbeddings = false,
    WeightRule WeightRule = WeightRule.Sgd, ImportanceMetric Metric = ImportanceMetric.Magnitude,
    int BatchNormBatches = 0);

/// <summary>One training step of EfQAT, or of QAT where every row is unfrozen (arXiv 2411.11038).</summary>
public sealed class EfQatUpdate : IUpdateRule
{
    private readonly EfQatOptions options;
    private readonly IReadOnlyList<QuantizedLayer> layers;
    private readonly IReadOnlyList<FakeQuantize> quantizers;
    private readonly (RowOptimizer Weight, RowOptimizer Scale)[] rules;
    private readonly List<(string Name, Parameter Parameter, RowOptimizer Rule, double LearningRate)> others = [];

    /// <param name="model">Prepared and calibrated.</param>
    /// <param name="options">What to train.</param>
    /// <param name="weightGradients">∂L/∂W of every layer, where the metric needs it: <see cref="WeightGradients.Of"/>.</param>
    /// <exception cref="UserError">The metric needs gradients and there are none.</exception>
    public EfQatUpdate(nn.Module model, EfQatOptions options, Func<IReadOnlyList<Tensor>>? weightGradients = null)
    {
        if (options.Metric.NeedsGradient() && weightGradients is null)
            throw new UserError($"metric {options.Metric}: it ranks by gradients; give EfQatUpdate a source of them, such as WeightGradients.Of");
        this.options = options;
        (layers, quantizers) = (Quantize.Layers(model), Quantize.Quantizers(model));
        Schedule = new FreezingSchedule(layers, options.Mode, options.Ratio, options.Frequency, () =>
        {
            var gradients = options.Metric.NeedsGradient() ? weightGradients!() : null;
            return [.. layers.Select((layer, i) => options.Metric.Of(layer.CompleteWeight, gradients?[i], options.Mode))];
        });
        rules = [.. layers.Select(layer => (RowOptimizer.Of(options.WeightRule, layer.CompleteWeight, options.Momentum, options.WeightDecay),
            (RowOptimizer)new RowAdam(layer.Granularity.Scales(layer.CompleteWeight.shape), layer.CompleteWeight.device)))];

        var weights = layers.SelectMany(layer => layer.parameters(recurse: false)).Where(parameter => parameter.ndim > 1).ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var weightScales = layers.SelectMany(layer => layer.named_parameters(recurse: false)).Where(pair => pair.name == "log_scale")
            .Select(pair => pair.parameter).ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var activations = quantizers.SelectMany(quantizer => quantizer.parameters()).ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var embeddings = model.modules().OfType<Embedding>().SelectMany(table => table.parameters())
            .ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (weights.Contains(parameter) || weightScales.Contains(parameter)) continue;
            bool activation = activations.Contains(parameter);
            parameter.requires_grad = activation ? options.TrainActivationScales
                : embeddings.Contains(parameter) ? options.TrainEmbeddings : options.TrainBiasesAndNorms;
            if (!parameter.requires_grad) continue;
            var rule = activation
                ? new RowAdam(parameter.shape, parameter.device)
                : RowOptimizer.Of(options.WeightRule, parameter, options.Momentum, weightDecay: 0);
            others.Add((name, parameter, rule, activation ? options.ScaleLearningRate : options.LearningRate));
        }
    }

    /// <summary>Which rows are unfrozen, and until when.</summary>
    public FreezingSchedule Schedule { get; }

    /// <inheritdoc/>
    public void BeforeStep(long samplesSeen)
    {
        if (!Schedule.Step(samplesSeen) || options.TrainWeightScales) return;
        foreach (var layer in layers)
            if (layer.TrainedLogScale is { } scale) scale.requires_grad = false;
    }

    /// <inheritdoc/>
    public void ZeroGrad()
    {
        foreach (var layer in layers)
        {
            if (layer.TrainedWeight is { } weight) weight.grad = null;
            if (layer.TrainedLogScale is { } scale) scale.grad = null;
        }
        foreach (var (_, parameter, _, _) in others) parameter.grad = null;
    }

    /// <inheritdoc/>
    public void Step(double learningRateFactor)
    {
        foreach (var (layer, rule) in layers.Zip(rules))
        {
            if (layer.TrainedWeight is null) continue;
            rule.Weight.Step(layer.TrainedWeight, layer.RowIndex, options.LearningRate * learningRateFactor);
            if (layer.TrainedLogScale is { } scale) rule.Scale.Step(scale, layer.RowIndex, options.ScaleLearningRate * learningRateFactor);
        }
        foreach (var quantizer in quantizers) quantizer.AddDecay(options.WeightDecay);
        foreach (var (_, parameter, rule, learningRate) in others)
            rule.Step(parameter, null, learningRate * learningRateFactor);
    }

    /// <inheritdoc/>
    public void Commit()
    {
        foreach (var layer in layers) layer.Commit();
    }

    /// <inheritdoc/>
    public void Save(CheckpointState state, string prefix)
    {
        foreach (var (name, memory) in Memories()) state.Tensors[$"{prefix}{name}"] = memory;
        for (int i = 0; i < layers.Count; i++) state.Tensors[$"{prefix}rows.{i}"] = layers[i].Rows.ToTensor(CPU);
        state.Metadata[$"{prefix}chosen_at"] = Schedule.ChosenAt.ToString();
    }

    /// <inheritdoc/>
    public void Load(CheckpointState state, string prefix)
    {
        using (no_grad())
            foreach (var (name, memory) in Memories()) memory.copy_(state.Tensors[$"{prefix}{name}"]);
        foreach (var layer in layers) layer.Refresh();  // rows of before must not be written over what was read
        Schedule.Restore(
            long.Parse(state.Metadata[$"{prefix}chosen_at"]),
            [.. layers.Select((layer, i) => RowSet.Of(layer.Rows.Total, state.Tensors[$"{prefix}rows.{i}"].data<long>().ToArray()))]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (weight, scale) in rules)
        {
            weight.Dispose();
            scale.Dispose();
        }
        foreach (var (_, _, rule, _) in others) rule.Dispose();
    }

    private IEnumerable<(string Name, Tensor Memory)> Memories() =>
        rules.SelectMany((rule, i) => Of($"weight.{i}", rule.Weight).Concat(Of($"scale.{i}", rule.Scale)))
            .Concat(others.SelectMany(other => Of(other.Name, other.Rule)));

    private static IEnumerable<(string, Tensor)> Of(string name, RowOptimizer rule) =>
        rule.Memory.Select((memory, i) => ($"{name}.{i}", memory));
}
