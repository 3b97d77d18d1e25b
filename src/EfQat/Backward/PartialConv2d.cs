using EfQat.Quantization;
using static EfQat.Backward.BackwardTime;

namespace EfQat.Backward;

/// <summary>The geometry of a 2-d convolution without dilation.</summary>
public readonly record struct ConvShape((long Height, long Width) Stride, (long Height, long Width) Padding, long Groups)
{
    internal long[] Strides => [Stride.Height, Stride.Width];
    internal long[] Paddings => [Padding.Height, Padding.Width];
}

/// <summary>
/// A convolution whose backward computes the weight gradient of the unfrozen filters only (EfQAT, arXiv 2411.11038).
/// <code>
/// Y          = X̂ ⊛ Ŵ
/// ∂L/∂X̂      = ∂L/∂Y ⊛ᵀ Ŵ                      always
/// ∂L/∂Ŵ[idx] = Σ over images, positions of ∂L/∂Y[:, idx] · X̂   only these filters; the rest is not computed
/// </code>
/// What it keeps for the backward pass: Ŵ, and where any filter is unfrozen the integers of X̂ (8 bits each) if X̂ carries them, else X̂.
/// </summary>
public static class PartialConv2d
{
    /// <param name="x">Input. // [N, C, H, W]</param>
    /// <param name="weight">Ŵ, all filters, no gradient through it. // [K, C/groups, kh, kw]</param>
    /// <param name="rows">The unfrozen filters.</param>
    /// <param name="unfrozen">Where their gradient goes: Ŵ[rows] with its own graph; null where none is unfrozen. // [R, C/groups, kh, kw]</param>
    /// <param name="bias">Or null. // [K]</param>
    /// <param name="shape">Stride, padding, groups.</param>
    /// <returns>Y. // [N, K, H', W']</returns>
    public static Tensor Apply(Tensor x, Tensor weight, RowSet rows, Tensor? unfrozen, Tensor? bias, ConvShape shape)
    {
        var y = Function.apply(x, unfrozen!, bias!, weight, rows, shape);
        if (bias is null) Convolved.Attach(y, new(x, unfrozen, weight, rows, shape));
        return y;
    }

    internal static void CountInput(Tensor grad, Tensor weight, Tensor gradInput)
    {
        MultiplyAdds.AddInput(PerFilter(grad, weight) * weight.shape[0]);
        OperandBytes.AddInput(grad, weight, gradInput);
    }

    internal static void CountWeight(Tensor grad, Tensor weight, RowSet rows, Tensor input, Tensor gradRows)
    {
        MultiplyAdds.AddWeight(PerFilter(grad, weight) * rows.Count);
        OperandBytes.AddWeight(grad, rows, input, gradRows);
    }

    private static long PerFilter(Tensor grad, Tensor weight) => grad.numel() / weight.shape[0] * (weight.numel() / weight.shape[0]);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(PartialConv2d);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, bias, weight) = ((Tensor)vars[0], (Tensor?)vars[2], (Tensor)vars[3]);
            var (rows, shape) = ((RowSet)vars[4], (ConvShape)vars[5]);
            var integers = Kernels.SaveCodes && !rows.IsNone ? GridTag.Of(x) : null;
            List<Tensor> saved = [weight];
            if (!rows.IsNone)
            {
                saved.AddRange(integers is null ? [x] : [integers.Codes, integers.Scale, integers.ZeroPoint]);
                SavedBytes.Add(integers is null ? SavedBytes.Kind.Floats : SavedBytes.Kind.Codes, saved[1]);
            }
            ctx.save_for_backward(saved);
            ctx.save_data("rows", rows);
            ctx.save_data("shape", shape);
            ctx.save_data("input", (x.shape, x.requires_grad));
            ctx.save_data("bias", bias is not null);
            if (integers is not null) ctx.save_data("qmin", integers.Grid.QMin);
            return Kernels.Convolution(x, weight, bias, shape);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            var (rows, shape) = ((RowSet)ctx.get_data("rows"), (ConvShape)ctx.get_data("shape"));
            var (inputShape, inputNeeded) = ((long[], bool))ctx.get_data("input");
            var weight = saved[0];
            Tensor? gradInput = null, gradRows = null, gradBias = null;
            if (inputNeeded)
            {
                gradInput = Measure(Part.InputGradient, () => Kernels.ConvInputGradient(grad_output, weight, inputShape, shape));
                CountInput(grad_output, weight, gradInput);
            }
            if (!rows.IsNone)
            {
                gradRows = Measure(Part.WeightGradient, () => saved.Count == 2
                    ? Kernels.ConvWeightGradient(grad_output, saved[1], rows, weight.shape, shape)
                    : Kernels.ConvWeightGradient(grad_output, saved[1], saved[2], saved[3], (int)ctx.get_data("qmin"), rows, weight.shape, shape));
                CountWeight(grad_output, weight, rows, saved[1], gradRows);
            }
            if ((bool)ctx.get_data("bias"))
                gradBias = grad_output.sum([0, 2, 3]);
            return [gradInput!, gradRows!, gradBias!, null!, null!, null!];
        }
    }
}
