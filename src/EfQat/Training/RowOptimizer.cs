using TorchSharp.Modules;

namespace EfQat.Training;

/// <summary>
/// Updates rows of a parameter and leaves the others, and what the optimizer remembers of them, untouched: no momentum drifts in a frozen row.
/// The memory has the full shape; it outlives any choice of rows.
/// </summary>
/// <param name="shape">Of the complete parameter. // [out, …]</param>
/// <param name="device">Where the parameter lives.</param>
/// <param name="memories">How many tensors the rule keeps.</param>
public abstract class RowOptimizer(long[] shape, Device device, int memories) : IDisposable
{
    /// <summary>What the rule remembers of every row. // each [out, …]</summary>
    public IReadOnlyList<Tensor> Memory { get; } =
        [.. Enumerable.Range(0, memories).Select(_ => zeros(shape, device: device).DetachFromDisposeScope())];

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
public sealed class RowSgd(long[] shape, Device device, double momentum, double weightDecay) : RowOptimizer(shape, device, 1)
{
    /// <inheritdoc/>
    protected override void Update(Tensor rows, Tensor gradient, Tensor[] memory, double learningRate)
    {
        memory[0].mul_(momentum).add_(gradient).add_(rows, weightDecay);
        rows.add_(memory[0], -learningRate);
    }
}

/// <summary>Adam (arXiv 1412.6980) with β = (0.9, 0.999), ε = 1e-8; each row counts its own steps for the bias correction.</summary>
public sealed class RowAdam(long[] shape, Device device) : RowOptimizer(shape, device, 3)
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
        rows.addcdiv_(corrected, deviation, -learningRate);
    }
}
