using EfQat.Backward;
using static EfQat.Backward.BackwardTime;

namespace EfQat.Quantization;

/// <summary>
/// The fake-quantizer behind a batch normalization: the same forward, and a backward through both at once; through the convolution before them
/// too, a few images at a time, where <see cref="Kernels.FusesConvolution"/> says so. That convolution's input is handed on (<see cref="HandedOn"/>).
/// </summary>
internal sealed class NormalizedFakeQuantize : autograd.MultiTensorFunction<NormalizedFakeQuantize>
{
    public override string Name => nameof(NormalizedFakeQuantize);

    /// <returns>x̂ and its codes. // both y's shape</returns>
    public static List<Tensor> Apply(
        Normalized norm, Tensor y, Tensor logScale, Tensor zeroPoint, Tensor scale, Tensor roundedZeroPoint, Grid grid, bool relu, double k)
    {
        var conv = norm.From is { } convolved && Kernels.FusesConvolution(convolved) ? convolved : null;
        using Tensor values = y.detach(), product = norm.Input.detach();
        var outputs = apply(
            conv?.Input ?? norm.Input, conv?.Unfrozen!, norm.Weight, norm.Bias, logScale, zeroPoint, values, norm with { Input = product },
            scale, roundedZeroPoint, grid, relu, k, conv!);
        if (conv is not null) HandedOn.Attach(conv.Input, outputs[2]);
        return outputs;
    }

    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (y, norm, scale, zeroPoint) = ((Tensor)vars[6], (Normalized)vars[7], (Tensor)vars[8], (Tensor)vars[9]);
        var (grid, relu, conv) = ((Grid)vars[10], (bool)vars[11], (Convolved?)vars[13]);
        var (quantized, codes) = Kernels.FakeQuantize(y, scale, zeroPoint, grid, relu);
        var integers = conv is null || conv.Rows.IsNone ? null : GridTag.Of(conv.Input)!;
        ctx.save_for_backward(
        [
            norm.Input, norm.Weight, norm.Bias, norm.Mean, norm.Inverse, scale, zeroPoint, conv?.Weight!,
            .. integers is null ? Array.Empty<Tensor>() : [integers.Codes, integers.Scale, integers.ZeroPoint],
        ]);
        ctx.save_data("quantizer", (grid, relu, (double)vars[12]));
        ctx.save_data("convolution", conv is null ? null! : (conv.Rows, conv.Shape, conv.Input.shape, integers?.Grid.QMin ?? 0));
        ctx.mark_non_differentiable([codes]);
        ctx.set_materialize_grads(false);
        return conv is null ? [quantized, codes] : [quantized, codes, conv.Input];
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        if (grad_outputs[0] is not { } gradient) // only what was handed on was read
            return [grad_outputs[2], .. Enumerable.Repeat<Tensor>(null!, 13)];
        var saved = ctx.get_saved_variables();
        var (grid, relu, k) = ((Grid, bool, double))ctx.get_data("quantizer");
        var norm = new Normalized(saved[0], saved[1], saved[2], saved[3], saved[4]);
        var (scale, zeroPoint) = (saved[5], saved[6]);
        var (x, rows, weight, bias, gradScale, gradZero) = ctx.get_data("convolution") is (RowSet unfrozen, ConvShape shape, long[] inputShape, int qmin)
            ? ThroughConvolution(unfrozen, shape, inputShape, qmin)
            : Measure(Part.BatchNorm, () => Kernels.BatchNormFakeQuantizeBackward(gradient, norm, scale, zeroPoint, grid, relu));
        return
        [
            x, rows!, weight, bias, (gradScale * scale * k).reshape(1), grid.Symmetric ? null! : (gradZero * k).reshape(1),
            .. Enumerable.Repeat<Tensor>(null!, 8),
        ];

        (Tensor X, Tensor? Rows, Tensor Weight, Tensor Bias, Tensor Scale, Tensor ZeroPoint) ThroughConvolution(
            RowSet unfrozen, ConvShape shape, long[] inputShape, int qmin)
        {
            var results = Kernels.ConvNormFakeQuantizeBackward(
                gradient, norm, scale, zeroPoint, grid, relu, saved[7], inputShape, shape, unfrozen, [.. saved[8..]], qmin, grad_outputs[2]);
            double[] seconds = results[6].data<double>().ToArray();
            Add(Part.BatchNorm, seconds[0]);
            Add(Part.InputGradient, seconds[1]);
            Add(Part.WeightGradient, seconds[2]);
            PartialConv2d.CountInput(norm.Input, saved[7], results[0]);
            if (!unfrozen.IsNone) PartialConv2d.CountWeight(norm.Input, saved[7], unfrozen, saved[8], results[1]);
            return (results[0], unfrozen.IsNone ? null : results[1], results[2], results[3], results[4], results[5]);
        }
    }
}
