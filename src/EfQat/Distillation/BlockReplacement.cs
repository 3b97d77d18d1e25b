using EfQat.Datasets;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Distillation;

/// <summary>Which blocks of the full-precision network are replaced.</summary>
public enum ReplacementForm
{
    /// <summary>The first k: MP_k = F_n∘…∘F_{k+1}∘Q_k∘…∘Q_1, on the quantized network's own activations.</summary>
    Prefix,

    /// <summary>Block k alone: MP_k = F_n∘…∘F_{k+1}∘Q_k∘F_{k−1}∘…∘F_1.</summary>
    Single,
}

/// <summary>How block replacement guides; the defaults are ours where the paper gives none.</summary>
/// <param name="Form">Which blocks are replaced.</param>
/// <param name="EveryBlock">All mixed-precision networks at every step; off, one drawn at random.</param>
/// <param name="Distillation">λ of KL(F‖Q).</param>
/// <param name="MixedCrossEntropy">Weight of CE(MP_k).</param>
/// <param name="MixedDivergence">Weight of KL(F‖MP_k).</param>
/// <param name="Divergence">KL.</param>
/// <param name="BatchStatistics">BatchNorm of the full-precision suffix normalizes with the batch's statistics, not with its own.</param>
/// <param name="Seed">Draws the blocks.</param>
public sealed record BlockReplacementOptions(
    ReplacementForm Form, bool EveryBlock, double Distillation, double MixedCrossEntropy, double MixedDivergence, Divergence Divergence, bool BatchStatistics, long Seed)
{
    /// <summary>Prefixes, one block a step, all weights 1, T = 1.</summary>
    public BlockReplacementOptions() : this(ReplacementForm.Prefix, false, 1, 1, 1, new(), false, 1) { }
}

/// <summary>
/// QAT with block replacement on the full-precision counterpart (BWRF, arXiv 2412.15846): every block of the low-precision network Q also works
/// inside its frozen full-precision partner F, from where gradients reach it that did not pass straight-through estimators of later blocks.
/// <code>
/// L = CE(Q) + λ · KL(F‖Q) + mean over k of [ μ · CE(MP_k) + ν · KL(F‖MP_k) ]
/// </code>
/// The prefix of a mixed-precision network MP_k is computed once, by the low-precision network itself.
/// </summary>
/// <param name="Partner">F.</param>
/// <param name="Options">Form, weights.</param>
public sealed record BlockReplacement(Partner Partner, BlockReplacementOptions Options) : IObjective
{
    /// <inheritdoc/>
    public (Tensor Logits, Tensor Loss) Of(nn.Module<Tensor, Tensor> model, Batch batch, long step)
    {
        var blocks = Partner.BlocksOf(model);
        int n = Partner.Blocks.Count;
        if (blocks.Count != n)
            throw new UserError($"{model.GetName()}: it has {blocks.Count} blocks, its full-precision partner {n}; use the network it was quantized from");
        bool prefix = Options.Form == ReplacementForm.Prefix;
        int[] replaced = Options.EveryBlock ? [.. Enumerable.Range(1, n - 1)] : [1 + SplitMix64.Of(Options.Seed, step).Below(n - 1)];
        var full = Partner.Outputs(batch.Images, prefix ? [n] : [.. replaced.Select(k => k - 1), n]);
        var low = new Tensor[n + 1];
        low[0] = batch.Images;
        for (int i = 0; i < n; i++) low[i + 1] = blocks[i].Forward(low[i]);

        var loss = nn.functional.cross_entropy(low[n], batch.Labels) + Options.Distillation * Options.Divergence.Of(full[n], low[n]);
        foreach (int k in replaced)
        {
            var mixed = Mixed(k);
            var term = Options.MixedCrossEntropy * nn.functional.cross_entropy(mixed, batch.Labels)
                + Options.MixedDivergence * Options.Divergence.Of(full[n], mixed);
            loss += term / replaced.Length;
        }
        return (low[n], loss);

        Tensor Mixed(int k) => Partner.Suffix(
            k, prefix ? low[k] : blocks[k - 1].Forward(OnGridOf(low[k - 1], full[k - 1])), Options.BatchStatistics);
    }

    /// <summary>A full-precision activation on the grid on which the low-precision network has the same activation.</summary>
    private static Tensor OnGridOf(Tensor low, Tensor full)
    {
        if (GridTag.Of(low) is not { } integers) return full;
        integers = integers.ReadOff(full);
        var values = integers.Dequantize();
        GridTag.Attach(values, integers);
        return values;
    }
}
