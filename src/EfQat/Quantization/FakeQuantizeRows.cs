using EfQat.Backward;
using static EfQat.Backward.BackwardTime;

namespace EfQat.Quantization;

/// <summary>
/// Fake-quantizes rows of a weight, symmetric, with learned scales (LSQ, arXiv 1902.08153).
/// <code>
/// ŵ = clamp(round(w / s), qmin, qmax) · s           s = exp(log s)
/// ∂L/∂w = ∂L/∂ŵ inside the grid, 0 where clipped    (straight-through estimator)
/// ∂L/∂s = k · Σ ∂L/∂ŵ · (inside ? q − w/s : q)       k = 1/√(n·qmax), n the weights of a scale
/// </code>
/// </summary>
public static class FakeQuantizeRows
{
    /// <param name="rows">// [R, in, …]</param>
    /// <param name="logScale">Each for as many weights, one after another. // [R], [R, groups] or [1]</param>
    /// <param name="grid">Symmetric.</param>
    /// <param name="gradientScale">False: k = 1.</param>
    public static Tensor Apply(Tensor rows, Tensor logScale, Grid grid, bool gradientScale = true) =>
        logScale.numel() == rows.shape[0]
            ? Function.apply(rows, logScale.flatten(), grid, gradientScale)
            : Function.apply(rows.reshape(logScale.numel(), -1), logScale.flatten(), grid, gradientScale).reshape(rows.shape);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FakeQuantizeRows);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (rows, grid) = ((Tensor)vars[0], (Grid)vars[2]);
            var scale = LogScale.Exp((Tensor)vars[1]);
            ctx.save_for_backward([rows, scale]);
            ctx.save_data("grid", grid);
            ctx.save_data("k", (bool)vars[3] ? 1 / Math.Sqrt((double)rows.numel() / rows.shape[0] * grid.QMax) : 1);
            return Kernels.FakeQuantizeRows(rows, scale, grid);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var (saved, grid) = (ctx.get_saved_variables(), (Grid)ctx.get_data("grid"));
            var (rows, scale) = (saved[0], saved[1]);
            var (gradRows, gradScale) = Measure(Part.FakeQuantize, () => Kernels.FakeQuantizeRowsBackward(grad_output.contiguous(), rows, scale, grid));
            return [gradRows, gradScale * scale * (double)ctx.get_data("k"), null!, null!];
        }
    }
}
