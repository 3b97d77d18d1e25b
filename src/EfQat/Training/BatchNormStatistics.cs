using EfQat.Datasets;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Training;

/// <summary>The means and variances that BatchNorm uses in evaluation.</summary>
public static class BatchNormStatistics
{
    /// <summary>
    /// Replaces running means and variances by their averages over batches, with weights and scales as they are. The running averages of training
    /// trail behind what is trained; with few bits that can cost accuracy (arXiv 2203.11086).
    /// </summary>
    /// <param name="model">Is in training mode afterwards.</param>
    /// <param name="batches">Each counts the same.</param>
    public static void Reestimate(nn.Module<Tensor, Tensor> model, IEnumerable<Batch> batches)
    {
        BatchNorm2d[] norms = [.. model.modules().Select(module => module is QuantBatchNorm2d norm ? norm.Origin : module).OfType<BatchNorm2d>()];
        double?[] momenta = [.. norms.Select(norm => norm.momentum)];
        model.train();
        using var off = no_grad();
        try
        {
            foreach (var (i, batch) in batches.Index())
            {
                foreach (var norm in norms) norm.momentum = 1.0 / (i + 1);
                model.call(batch.Images);
            }
        }
        finally
        {
            foreach (var (norm, momentum) in norms.Zip(momenta)) norm.momentum = momentum;
        }
    }
}
