using EfQat.Datasets;

namespace EfQat.Training;

/// <summary>What a training step minimizes.</summary>
public interface IObjective
{
    /// <param name="model">In training mode.</param>
    /// <param name="batch">Samples and labels.</param>
    /// <param name="step">From 0. What is drawn at random depends on the step alone, so that a resumed run draws the same.</param>
    /// <returns>The model's logits, and the loss. // [N, classes], []</returns>
    (Tensor Logits, Tensor Loss) Of(nn.Module<Tensor, Tensor> model, Batch batch, long step);
}

/// <summary>The cross entropy of the model's logits and the labels.</summary>
public sealed record CrossEntropy : IObjective
{
    /// <inheritdoc/>
    public (Tensor Logits, Tensor Loss) Of(nn.Module<Tensor, Tensor> model, Batch batch, long step)
    {
        var logits = model.call(batch.Images);
        return (logits, nn.functional.cross_entropy(logits, batch.Labels));
    }
}
