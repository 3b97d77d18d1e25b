using static EfQat.Backward.BackwardTime;

namespace EfQat.Backward;

/// <summary>
/// A linear layer whose backward computes the weight gradient of the unfrozen rows only (EfQAT, arXiv 2411.11038).
/// <code>
/// Y          = X̂ · Ŵᵀ
/// ∂L/∂X̂      = ∂L/∂Y · Ŵ                    always
/// ∂L/∂Ŵ[idx] = ∂L/∂Y[.., idx]ᵀ · X̂          only these rows
/// </code>
/// </summary>
public static class PartialLinear
{
    /// <param name="x">Input. // [.., in]</param>
    /// <param name="weight">Ŵ, all rows, no gradient through it. // [out, in]</param>
    /// <param name="rows">The unfrozen rows.</param>
    /// <param name="unfrozen">Ŵ[rows] with its own graph; null where none is unfrozen. // [R, in]</param>
    /// <param name="bias">Or null. // [out]</param>
    /// <returns>Y. // [.., out]</returns>
    public static Tensor Apply(Tensor x, Tensor weight, RowSet rows, Tensor? unfrozen, Tensor? bias) =>
        Function.apply(x, unfrozen!, bias!, weight, rows);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(PartialLinear);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, bias, weight, rows) = ((Tensor)vars[0], (Tensor?)vars[2], (Tensor)vars[3], (RowSet)vars[4]);
            ctx.save_for_backward(rows.IsNone ? [weight] : [weight, x]);
            if (!rows.IsNone) SavedBytes.Add(SavedBytes.Kind.Floats, x);
            ctx.save_data("rows", rows);
            ctx.save_data("input", x.requires_grad);
            ctx.save_data("bias", bias is not null);
            return Kernels.Linear(x, weight, bias);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            var rows = (RowSet)ctx.get_data("rows");
            var (output, input) = (saved[0].shape[0], saved[0].shape[1]);
            var g = grad_output.reshape(-1, output);  // [positions, out]
            long perRow = g.shape[0] * input;

            Tensor? gradInput = null, gradRows = null, gradBias = null;
            if ((bool)ctx.get_data("input"))
            {
                gradInput = Measure(Part.InputGradient, () => Kernels.Product(grad_output, saved[0]));
                MultiplyAdds.AddInput(perRow * output);
                OperandBytes.AddInput(grad_output, saved[0], gradInput);
            }
            if (!rows.IsNone)
            {
                var selected = rows.IsAll ? g : g.index_select(1, rows.ToTensor(g.device));
                gradRows = Measure(Part.WeightGradient, () => Kernels.Product(selected.t(), saved[1].reshape(-1, input)));  // [R, in]
                MultiplyAdds.AddWeight(perRow * rows.Count);
                OperandBytes.AddWeight(grad_output, rows, saved[1], gradRows);
            }
            if ((bool)ctx.get_data("bias"))
                gradBias = g.sum([0]);
            return [gradInput!, gradRows!, gradBias!, null!, null!];
        }
    }
}
