using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>
/// The weight sweep's objective, for every filter o and candidate scale c at once: (1/N) Σ_i cos(O_io, ŵ_co·X_i), where the columns of X_i are
/// the patches of sample i that a filter meets (im2col). The cosine needs two sums of each product, and these have two ways:
/// <code>
/// ⟨O, ŵX⟩ and ‖ŵX‖²          the product itself, D·P multiply-adds a candidate
/// ŵ·(XOᵀ) and ŵ·(XXᵀ)·ŵᵀ     from Gram matrices that all candidates share, D·D multiply-adds: less where P > D
/// </code>
/// D weights of a filter, P positions.
/// </summary>
internal static class FilterCosines
{
    private const long Budget = 1 << 23;  // candidate weights in memory at a time

    /// <param name="layer">With one scale per output channel.</param>
    /// <param name="input">Â, of all samples. // [N, …]</param>
    /// <param name="target">O as it is compared. // [N, …]</param>
    /// <param name="steps">Candidate scales. // [C, out]</param>
    /// <param name="tail">What happens to a product before it is compared, given which filters it is of: from, count; null: nothing. // [g, C, k, P]</param>
    /// <returns>// [C, out], float64</returns>
    public static Tensor Of(QuantizedLayer layer, Tensor input, Tensor target, Tensor steps, Func<Tensor, long, long, Tensor>? tail = null)
    {
        using var scope = NewDisposeScope();
        long groups = (layer as QuantConv2d)?.Shape.Groups ?? 1, candidates = steps.shape[0];
        var weight = layer.CompleteWeight.reshape(groups, layer.CompleteWeight.shape[0] / groups, -1);  // [g, K, D]
        var (filters, length) = (weight.shape[1], weight.shape[2]);
        var (patches, outputs) = (Patches(layer, input), ByChannel(layer, target));
        long slice = Math.Clamp(Budget / (candidates * groups * length), 1, filters);
        List<Tensor> cosines = [];
        for (long from = 0; from < filters; from += slice)
        {
            long count = Math.Min(slice, filters - from);
            var quantized = Candidates(weight.narrow(1, from, count), steps.reshape(candidates, groups, -1).narrow(2, from, count), layer.WeightGrid);
            var sum = zeros([groups, candidates, count], float64, input.device);
            for (long i = 0; i < patches.shape[0]; i++)
            {
                using var sample = NewDisposeScope();
                var x = patches.select(0, i).reshape(groups, length, -1).to(float64);                                   // [g, D, P]
                var o = outputs.select(0, i).reshape(groups, filters, -1).narrow(1, from, count).to(float64);           // [g, k, P]
                var (dot, square) = tail is null && x.shape[2] > length
                    ? ByGram(quantized, x, o)
                    : ByProduct(quantized, x, o, tail is null ? null : y => tail(y, from, count));
                sum.add_(Cosine.Of(dot, o.square().sum(-1).unsqueeze(1), square));
            }
            cosines.Add(sum / patches.shape[0]);
        }
        return cat(cosines, 2).permute(1, 0, 2).reshape(candidates, -1).MoveToOuterDisposeScope();
    }

    /// <summary>⟨O, ŵX⟩ and ‖ŵX‖². // [g, C, k] each, from ŵ [g, C, k, D], X [g, D, P] and O [g, k, P]</summary>
    internal static (Tensor Dot, Tensor Square) ByProduct(Tensor w, Tensor x, Tensor o, Func<Tensor, Tensor>? tail = null)
    {
        var y = Flat(w).bmm(x).reshape([.. w.shape[..3], x.shape[2]]);                                                  // [g, C, k, P]
        if (tail is not null) y = tail(y);
        return ((y * o.unsqueeze(1)).sum(-1), y.square().sum(-1));
    }

    /// <summary>The same from XXᵀ and XOᵀ.</summary>
    internal static (Tensor Dot, Tensor Square) ByGram(Tensor w, Tensor x, Tensor o)
    {
        var transposed = x.transpose(1, 2);
        var (xx, ox) = (x.bmm(transposed), o.bmm(transposed));                                                          // [g, D, D], [g, k, D]
        return ((w * ox.unsqueeze(1)).sum(-1), (Flat(w).bmm(xx).reshape(w.shape) * w).sum(-1).clamp_min(0));
    }

    private static Tensor Flat(Tensor w) => w.reshape(w.shape[0], -1, w.shape[3]);

    /// <summary>ŵ of every candidate. // [g, C, k, D], float64, from [g, k, D] and [C, g, k]</summary>
    private static Tensor Candidates(Tensor weight, Tensor steps, Grid grid)
    {
        long[] shape = [steps.shape[0], .. weight.shape];
        var rows = weight.unsqueeze(0).expand(shape).reshape(-1, weight.shape[2]);
        return FakeQuantizeRows.Apply(rows, steps.log().flatten(), grid).reshape(shape).transpose(0, 1).to(float64);
    }

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
