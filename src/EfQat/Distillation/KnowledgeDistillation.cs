using EfQat.Datasets;
using EfQat.Training;

namespace EfQat.Distillation;

/// <summary>Learns from labels and from the full-precision network's logits (arXiv 1503.02531): L = CE(Q) + λ · KL(F‖Q).</summary>
/// <param name="Partner">F.</param>
/// <param name="Weight">λ.</param>
/// <param name="Divergence">KL.</param>
public sealed record KnowledgeDistillation(Partner Partner, double Weight, Divergence Divergence) : IObjective
{
    /// <summary>λ = 1, T = 1.</summary>
    public KnowledgeDistillation(Partner partner) : this(partner, 1, new()) { }

    /// <inheritdoc/>
    public (Tensor Logits, Tensor Loss) Of(nn.Module<Tensor, Tensor> model, Batch batch, long step)
    {
        var teacher = Partner.Logits(batch.Images);
        var (logits, loss) = new CrossEntropy().Of(model, batch, step);
        return (logits, loss + Weight * Divergence.Of(teacher, logits));
    }
}
