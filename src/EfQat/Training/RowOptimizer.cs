using TorchSharp.Modules;

namespace EfQat.Training;

/// <summary>How weights are updated.</summary>
public enum WeightRule
{
    /// <summary>Stochastic gradient descent with momentum, as CNNs are trained.</summary>
    Sgd,

    /// <summary>Adam with decoupled weight decay, as Transformers are trained.</summary>
    AdamW,
}

/// <summary>
/// Updates rows of a parameter and leaves the others, and what the optimizer remembers of them, untouched: no momentum drifts in a frozen row.
/// The memory has the full shape; it outlives any choice of rows.
/// </summary>
/// <param name="device">Where the parameter lives.</param>
/// <param name="shapes">Of what the rule remembers of the complete parameter. // each [out, …]</param>
public abstract class RowOptimizer(Device device, params long[][] shapes) : IDisposable
{
    /// <summary>What the rule remembers of every row. // each [out, …]</summary>
    public IReadOnlyList<Tensor> Memory { get; } = [.. shapes.Select(shape => zeros(shape, device: device).DetachFromDisposeScope())];

    /// <summary>The rule for a parameter.</summary>
    /// <param name="rule">Which.</param>
    /// <param name="parameter">Complete. // [out, …]</param>
    /// <param name="momentum">Of SGD.</param>
    /// <param name="weightDecay">Of either.</param>
    public static RowOptimizer Of(WeightRule rule, Tensor parameter, double momentum, double weightDecay) => rule == WeightRule.Sgd
        ? new RowSgd(parameter.shape, parameter.device, momentum, weightDecay)
        : new RowAdam(parameter.shape, parameter.device, weightDecay);

    /// <summary>One update.</summary>
    /// <param name="rows">The unfrozen rows with their gradient. // [R, …]</param>
    /// <param name="index">Which rows they are, or null for all. // [R]</param>
    /// <param name="learningRate">Of this step.</param>
    public void Step(Parameter rows, Tensor? index, double learningRate)
    {
        if (rows.grad is not { } gradient) return;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] own = [.. Memory.Select(memory => index is null ? memory : memory.index_select(0, index))];
        Update(rows, gradient, own, learningRate);
        if (index is null) return;
        for (int i = 0; i < own.Length; i++) Memory[i].index_copy_(0, index, own[i]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var memory in Memory) memory.Dispose();
    }

    /// <summary>The rule, in place on the rows and on their memory.</summary>
    protected abstract void Update(Tensor rows, Tensor gradient, Tensor[] memory, double learningRate);
}

/// <summary>Stochastic gradient descent with momentum: m ← μ·m + g + λ·w, w ← w − lr·m.</summary>
public sealed class RowSgd(long[] shape, Device device, double momentum, double weightDecay) : RowOptimizer(device, shape)
{
    /// <inheritdoc/>
    protected override void Update(Tensor rows, Tensor gradient, Tensor[] memory, double learningRate)
    {
        memory[0].mul_(momentum).add_(gradient).add_(rows, weightDecay);
        rows.add_(memory[0], -learningRate);
    }
}

/// <summary>
/// Adam (arXiv 1412.6980) with β = (0.9, 0.999), ε = 1e-8, and the weight decay of AdamW (arXiv 1711.05101): w ← w − lr·(m̂ / (√v̂ + ε) + λ·w).
/// Each row counts its own steps for the bias correction.
/// </summary>
public sealed class RowAdam(long[] shape, Device device, double weightDecay = 0)
    : RowOptimizer(device, shape, shape, [shape[0], .. Enumerable.Repeat(1L, shape.Length - 1)])
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    /// <inheritdoc/>
    protected override void Update(Tensor rows, Tensor gradient, Tensor[] memory, double learningRate)
    {
        var (mean, square, steps) = (memory[0], memory[1], memory[2]);
        steps.add_(1);
        mean.mul_(Beta1).add_(gradient, 1 - Beta1);
        square.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
        var corrected = mean / (1 - (steps * Math.Log(Beta1)).exp());
        var deviation = (square / (1 - (steps * Math.Log(Beta2)).exp())).sqrt().add_(Epsilon);
        rows.mul_(1 - learningRate * weightDecay).addcdiv_(corrected, deviation, -learningRate);
    }
}
