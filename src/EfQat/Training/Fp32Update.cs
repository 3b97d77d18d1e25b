using TorchSharp.Modules;

namespace EfQat.Training;

/// <summary>Ordinary training: SGD with momentum on every parameter, weight decay on the weights of convolutions and linear layers.</summary>
public sealed class Fp32Update(nn.Module model, double learningRate = 0.1, double momentum = 0.9, double weightDecay = 5e-4) : IUpdateRule
{
    private readonly List<(string Name, Parameter Parameter, RowSgd Rule)> rules =
        [.. model.named_parameters().Select(pair =>
            (pair.name, pair.parameter, new RowSgd(pair.parameter.shape, pair.parameter.device, momentum, pair.parameter.ndim > 1 ? weightDecay : 0)))];

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
        foreach (var (name, _, rule) in rules) state.Tensors[prefix + name] = rule.Memory[0];
    }

    /// <inheritdoc/>
    public void Load(CheckpointState state, string prefix)
    {
        using var off = no_grad();
        foreach (var (name, _, rule) in rules) rule.Memory[0].copy_(state.Tensors[prefix + name]);
    }

    /// <inheritdoc/>
    public void Dispose() => rules.ForEach(entry => entry.Rule.Dispose());
}
