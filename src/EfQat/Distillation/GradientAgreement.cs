using EfQat.Datasets;

namespace EfQat.Distillation;

/// <summary>
/// How well the straight-through estimators of a low-precision network guess the gradient. At the output h_k of block k it compares
/// <code>
/// g_Q = ∂CE(Q_n∘…∘Q_{k+1}(h_k)) / ∂h_k      through the quantized blocks behind it
/// g_F = ∂CE(F_n∘…∘F_{k+1}(h_k)) / ∂h_k      through the full-precision ones, which are differentiable
/// </code>
/// BatchNorm uses its own statistics in both.
/// </summary>
/// <param name="Block">Block k.</param>
/// <param name="Cosine">cos(g_Q, g_F), over all images and activations.</param>
public sealed record GradientAgreement(string Block, double Cosine)
{
    /// <summary>For every block but the last.</summary>
    public static IReadOnlyList<GradientAgreement> Of(nn.Module<Tensor, Tensor> model, Partner partner, Batch batch)
    {
        using var scope = NewDisposeScope();
        model.eval();
        var blocks = Partner.BlocksOf(model);
        List<Tensor> points = [];
        var logits = blocks.Aggregate(batch.Images, (x, block) =>
        {
            var h = block.Forward(x);
            points.Add(h);
            return h;
        });
        points.RemoveAt(points.Count - 1);
        var quantized = autograd.grad([nn.functional.cross_entropy(logits, batch.Labels)], points);
        return [.. points.Select((h, i) =>
        {
            var point = h.detach().requires_grad_();
            var full = autograd.grad([nn.functional.cross_entropy(partner.Suffix(i + 1, point), batch.Labels)], [point])[0];
            double cosine = (quantized[i] * full).sum().item<float>() / (quantized[i].norm() * full.norm()).item<float>();
            return new GradientAgreement(blocks[i].Name, cosine);
        })];
    }
}
