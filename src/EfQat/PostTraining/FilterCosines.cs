using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>
/// The weight sweep's objective, for every filter o and candidate scale c at once: (1/N) Σ_i cos(O_io, ŵ_co·X_i), where the columns of X_i are
/// the patches of sample i that a filter meets (im2col). Two sums of each product are all that the cosine needs:
/// <code>
/// ⟨O, ŵX⟩ = ŵ·(XOᵀ)       XOᵀ is the same for all candidates
/// ‖ŵX‖²   = ŵ·(XXᵀ)·ŵᵀ    likewise, with D·D multiply-adds a candidate where the product itself takes D·P
/// </code>
/// D weights of a filter, P positions. The cosine does not see a filter's step: ŵ are integers here, so that equal integers give equal cosines.
/// </summary>
internal static class FilterCosines
{
    private const long Budget = 1 << 21;    // numbers in memory at a time
    private const long DoubleCost = 2;      // XXᵀ is in float64, a product in float32

    /// <param name="layer">With one scale per output channel.</param>
    /// <param name="input">Â, of all samples. // [N, …]</param>
    /// <param name="target">O as it is compared. // [N, …]</param>
    /// <param name="steps">Candidate scales. // [C, out]</param>
    /// <param name="tail">
    /// What happens to a product before it is compared, given which filters it is of: from, count; null: nothing. // [g, k, C, n, P]
    /// </param>
    /// <returns>// [C, out], float64</returns>
    public static Tensor Of(QuantizedLayer layer, Tensor input, Tensor target, Tensor steps, Func<Tensor, long, long, Tensor>? tail = null)
    {
        using var scope = NewDisposeScope();
        long groups = (layer as QuantConv2d)?.Shape.Groups ?? 1, candidates = steps.shape[0];
        var weight = layer.CompleteWeight.reshape(groups, layer.CompleteWeight.shape[0] / groups, -1);                      // [g, K, D]
        var (filters, length) = (weight.shape[1], weight.shape[2]);
        steps = LogScale.Exp(steps.log()).t().reshape(groups, filters, candidates, 1);                                      // as layers have them
        var (patches, outputs) = (Patches(layer, input), ByChannel(layer, target));                                         // [S, g·D…, P…], [S, g·K, P…]
        long samples = outputs.shape[0], positions = outputs[0].numel() / (groups * filters);
        bool byGram = tail is null && positions > DoubleCost * length;
        long columns = byGram ? length : positions;
        long slice = Math.Clamp(Budget / (candidates * groups * Math.Max(length, columns)), 1, filters);
        long together = Math.Clamp(Budget / (candidates * groups * slice * columns), 1, samples);
        List<Tensor> cosines = [];
        for (long from = 0; from < filters; from += slice)
        {
            long count = Math.Min(slice, filters - from);
            var step = steps.narrow(1, from, count);
            var w = Integers(weight.narrow(1, from, count), step, layer.WeightGrid);                                        // [g, k, C, D]
            var w64 = w.to(float64);
            var sum = zeros([groups, count, candidates], float64, input.device);
            for (long first = 0; first < samples; first += together)
            {
                using var some = NewDisposeScope();
                long n = Math.Min(together, samples - first);
                var x = patches.narrow(0, first, n).reshape(n, groups, length, positions);                                  // [n, g, D, P]
                var o = outputs.narrow(0, first, n).reshape(n, groups, filters, positions).narrow(2, from, count);          // [n, g, k, P]
                var (dot, square) = tail is null
                    ? Sums(w, w64, x, o, byGram)
                    : Sums(tail(Times(w, x) * step.unsqueeze(-1), from, count).to(float64), o);                             // [g, k, C, n] each
                sum.add_(Cosine.Of(dot, o.to(float64).square().sum(-1).permute(1, 2, 0).unsqueeze(2), square).sum(-1));
            }
            cosines.Add(sum / samples);
        }
        return cat(cosines, 1).reshape(-1, candidates).t().MoveToOuterDisposeScope();
    }

    /// <summary>⟨O, ŵX⟩ and ‖ŵX‖². // [g, k, C, n] each, float64</summary>
    /// <param name="w">ŵ. // [g, k, C, D]</param>
    /// <param name="w64">The same. // float64</param>
    /// <param name="x">X. // [n, g, D, P]</param>
    /// <param name="o">O. // [n, g, k, P]</param>
    /// <param name="byGram">‖ŵX‖² from XXᵀ, not from the product.</param>
    internal static (Tensor Dot, Tensor Square) Sums(Tensor w, Tensor w64, Tensor x, Tensor o, bool byGram)
    {
        var x64 = x.to(float64);
        var dot = w64.flatten(0, 1).bmm(TimesTransposed(x64, o.to(float64)).permute(1, 3, 2, 0).flatten(0, 1)).reshape([.. w.shape[..3], -1]);
        return (dot, byGram ? (Times(w64, TimesTransposed(x64, x64)) * w64.unsqueeze(3)).sum(-1).clamp_min(0) : Squares(Times(w, x)));
    }

    /// <summary>⟨O, Ô⟩ and ‖Ô‖² of outputs. // [g, k, C, n] each, from [g, k, C, n, P] and [n, g, k, P]</summary>
    private static (Tensor Dot, Tensor Square) Sums(Tensor output, Tensor o) =>
        ((output * o.permute(1, 2, 0, 3).unsqueeze(2)).sum(-1), Squares(output));

    private static Tensor Squares(Tensor output) => output.norm(-1).to(float64).square();

    /// <summary>ŵ·M of every candidate and sample. // [g, k, C, n, M] from [g, k, C, D] and [n, g, D, M]</summary>
    private static Tensor Times(Tensor w, Tensor m) =>
        w.flatten(1, 2).bmm(m.permute(1, 2, 0, 3).flatten(2)).reshape([.. w.shape[..3], m.shape[0], m.shape[3]]);

    /// <summary>XYᵀ of every sample and group. // [n, g, D, E] from [n, g, D, P] and [n, g, E, P]</summary>
    private static Tensor TimesTransposed(Tensor x, Tensor y) =>
        x.flatten(0, 1).bmm(y.flatten(0, 1).transpose(1, 2)).reshape([.. x.shape[..3], y.shape[2]]);

    /// <summary>Of every candidate. // [g, k, C, D] from [g, k, D] and [g, k, C, 1]</summary>
    private static Tensor Integers(Tensor weight, Tensor steps, Grid grid) =>
        (weight.unsqueeze(2) * steps.reciprocal()).round_().clamp_(grid.QMin, grid.QMax);

    /// <summary>The patches that the filters meet, as a view where that can be. // [S, in, …, P]</summary>
    private static Tensor Patches(QuantizedLayer layer, Tensor x)
    {
        if (layer is not QuantConv2d { Shape: var shape }) return ByChannel(layer, x);
        var (height, width) = (layer.CompleteWeight.shape[2], layer.CompleteWeight.shape[3]);
        var ((sy, sx), (py, px)) = (shape.Stride, shape.Padding);
        return nn.functional.pad(x, [px, px, py, py]).unfold(2, height, sy).unfold(3, width, sx).permute(0, 1, 4, 5, 2, 3);  // [N, C, kh, kw, H', W']
    }

    /// <summary>
    /// Channels before positions. A linear layer's positions are its tokens; where a sample has only one, the samples themselves [ours],
    /// for the cosine of two numbers is only their sign. // [S, channels, …]
    /// </summary>
    private static Tensor ByChannel(QuantizedLayer layer, Tensor x) => (layer, x.ndim) switch
    {
        (QuantConv2d, _) => x,
        (_, 2) => x.t().unsqueeze(0),
        _ => x.reshape(x.shape[0], -1, x.shape[^1]).transpose(1, 2),
    };
}
