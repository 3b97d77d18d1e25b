using TorchSharp.Modules;

namespace EfQat.Training;

/// <summary>Ordinary training of every parameter, with weight decay on the weights of convolutions, linear layers and embeddings.</summary>
public sealed class Fp32Update(
    nn.Module model, double learningRate = 0.1, double momentum = 0.9, double weightDecay = 5e-4, WeightRule weightRule = WeightRule.Sgd) : IUpdateRule
{
    private readonly List<(string Name, Parameter Parameter, RowOptimizer Rule)> rules =
        [.. model.named_parameters().Select(pair =>
            (pair.name, pair.parameter, RowOptimizer.Of(weightRule, pair.parameter, momentum, pair.parameter.ndim > 1 ? weightDecay : 0)))];

    /// <inheritdoc/>
    public void BeforeStep(long samplesSeen) { }

    /// <inheritdoc/>
    public void ZeroGrad() => model.zero_grad();

    /// <inheritdoc/>
    public void Step(double learningRateFactor)
    {
        foreach (var (_, parameter, rule) in rules) rule.Step(parameter, null, learningRate * learningRateFactor);
    }

    /// <inheritdoc/>
    public void Commit() { }

    /// <inheritdoc/>
    public void Save(CheckpointState state, string prefix)
    {
        foreach (var (name, memory) in Memories()) state.Tensors[prefix + name] = memory;
    }

    /// <inheritdoc/>
    public void Load(CheckpointState state, string prefix)
    {
        using var off = no_grad();
        foreach (var (name, memory) in Memories()) memory.copy_(state.Tensors[prefix + name]);
    }

    /// <inheritdoc/>
    public void Dispose() => rules.ForEach(entry => entry.Rule.Dispose());

    private IEnumerable<(string Name, Tensor Memory)> Memories() =>
        rules.SelectMany(entry => entry.Rule.Memory.Select((memory, i) => ($"{entry.Name}.{i}", memory)));
}
