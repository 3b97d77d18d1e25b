namespace EfQat.Quantization;

/// <summary>
/// DoReFa's rule for weights (arXiv 1606.06160, §2.3), which PACT uses too.
/// <code>
/// w_q = 2 · quantize_k(tanh w / (2 · max |tanh w|) + ½) − 1        quantize_k(x) = round(n·x) / n,  n = 2^k − 1
/// ŵ   = c · w_q
/// </code>
/// The gradient is the formula's own, the maximum over the layer included, with the identity for round. n·w_q is an odd integer in [−n, n].
/// The published c is 1, for a BatchNorm follows. [ours] c is max |tanh w| at calibration and stays: a trained network keeps the size of its outputs.
/// </summary>
internal static class DoReFa
{
    /// <summary>The grid that holds n·w_q; its qmax is n.</summary>
    /// <exception cref="UserError">More than 7 bits.</exception>
    public static Grid IntegersOf(int bits) => bits < 8
        ? Grid.Weights(bits + 1, narrow: true)
        : throw new UserError($"W{bits} with 'tanh': the odd integers of DoReFa's weights need one bit more; use 2 to 7 bits, or leave 'tanh' out");

    /// <summary>c / n. // [1]</summary>
    public static Tensor Scale(Tensor weight, Grid grid) => weight.detach().tanh().abs().max().reshape(1) / grid.QMax;

    /// <param name="rows">Some rows of the weight, or the weight itself. // [R, in, …]</param>
    /// <param name="weight">The layer's, as of the last commit. // [out, in, …]</param>
    /// <param name="scale">c / n. // [1]</param>
    /// <param name="grid">See <see cref="IntegersOf"/>.</param>
    /// <returns>ŵ. // [R, in, …]</returns>
    public static Tensor FakeQuantize(Tensor rows, Tensor weight, Tensor scale, Grid grid)
    {
        int n = grid.QMax;
        var tanh = rows.tanh();
        var max = tanh.abs().max();
        if (!ReferenceEquals(rows, weight)) max = max.maximum(weight.detach().tanh().abs().max());
        var x = tanh / (2 * max.clamp(1e-30)) + 0.5;
        return (2 * Round.apply(n * x) - n) * scale;
    }

    /// <summary>Straight through.</summary>
    private sealed class Round : autograd.SingleTensorFunction<Round>
    {
        public override string Name => nameof(Round);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).round();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output];
    }
}
