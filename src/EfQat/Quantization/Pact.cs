using EfQat.Backward;
using static EfQat.Backward.BackwardTime;

namespace EfQat.Quantization;

/// <summary>
/// A ReLU that is clipped at α and rounded to k bits (PACT, arXiv 1805.06085, §3); with a constant α, DoReFa's activation (arXiv 1606.06160, §2.4).
/// <code>
/// y = ½ · (|x| − |x − α| + α)                    x, clipped to [0, α]
/// ŷ = round(y · (2^k − 1)/α) · α/(2^k − 1)       s = α/(2^k − 1)
/// ∂L/∂x = ∂L/∂ŷ where 0 &lt; x &lt; α, else 0
/// ∂L/∂α = Σ ∂L/∂ŷ where x ≥ α                    ∂L/∂log s = α · ∂L/∂α
/// </code>
/// PACT adds λ/2 · α² to the loss, λ the weights' own: <see cref="AddDecay"/>. [ours] α starts where calibration says (the paper: large), and is
/// learned as log s, by Adam, as all scales here.
/// </summary>
internal sealed class Pact : autograd.MultiTensorFunction<Pact>
{
    public override string Name => nameof(Pact);

    /// <summary>∂(λ/2 · α²)/∂log s = λ · α², added to a gradient.</summary>
    public static void AddDecay(Tensor gradient, Tensor logScale, Grid grid, double decay)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        gradient.add_((LogScale.Exp(logScale) * grid.QMax).square(), decay);
    }

    /// <returns>ŷ and its codes. // both x's shape</returns>
    public static List<Tensor> Apply(Tensor x, Tensor logScale, Tensor scale, Grid grid, bool learned) => apply(x, logScale, scale, grid, learned);

    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, scale, grid) = ((Tensor)vars[0], (Tensor)vars[2], (Grid)vars[3]);
        var (quantized, codes) = Kernels.FakeQuantize(x, scale, zeros_like(scale), grid, relu: true);
        ctx.save_for_backward([x, scale * grid.QMax]);
        SavedBytes.Add(SavedBytes.Kind.QuantizerInputs, x);
        ctx.save_data("learned", vars[4]);
        ctx.mark_non_differentiable([codes]);
        ctx.set_materialize_grads(false);
        return [quantized, codes];
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        var (saved, gradient) = (ctx.get_saved_variables(), grad_outputs[0]);
        var (x, alpha) = (saved[0], saved[1]);
        return Measure(Part.FakeQuantize, () =>
        {
            var inside = x.gt(0) & x.lt(alpha);
            var gradLogScale = (bool)ctx.get_data("learned") ? ((gradient * x.ge(alpha).to(gradient.dtype)).sum() * alpha).reshape(1) : null!;
            return (List<Tensor>)[gradient * inside.to(gradient.dtype), gradLogScale, null!, null!, null!];
        });
    }
}
