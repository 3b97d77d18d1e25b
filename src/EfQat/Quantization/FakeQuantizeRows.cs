using EfQat.Backward;

namespace EfQat.Quantization;

/// <summary>
/// Fake-quantizes rows of a weight, symmetric, a learned scale per row (LSQ, arXiv 1902.08153).
/// <code>
/// ŵ = clamp(round(w / s), qmin, qmax) · s           s = exp(log s)
/// ∂L/∂w = ∂L/∂ŵ inside the grid, 0 where clipped    (straight-through estimator)
/// ∂L/∂s = k · Σ ∂L/∂ŵ · (inside ? q − w/s : q)       k = 1/√(n·qmax), n the weights of a row
/// </code>
/// </summary>
public static class FakeQuantizeRows
{
    /// <param name="rows">// [R, …]</param>
    /// <param name="logScale">// [R]</param>
    /// <param name="grid">Symmetric.</param>
    public static Tensor Apply(Tensor rows, Tensor logScale, Grid grid) => Function.apply(rows, logScale, grid);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FakeQuantizeRows);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (rows, grid) = ((Tensor)vars[0], (Grid)vars[2]);
            var scale = LogScale.Exp((Tensor)vars[1]);
            ctx.save_for_backward([rows, scale]);
            ctx.save_data("grid", grid);
            return Kernels.FakeQuantizeRows(rows, scale, grid);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var (saved, grid) = (ctx.get_saved_variables(), (Grid)ctx.get_data("grid"));
            var (rows, scale) = (saved[0], saved[1]);
            var (gradRows, gradScale) = Kernels.FakeQuantizeRowsBackward(grad_output.contiguous(), rows, scale, grid);
            double k = 1 / Math.Sqrt((double)rows.numel() / rows.shape[0] * grid.QMax);
            return [gradRows, gradScale * scale * k, null!];
        }
    }
}
