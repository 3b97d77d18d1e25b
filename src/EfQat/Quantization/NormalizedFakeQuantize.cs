using EfQat.Backward;
using static EfQat.Backward.BackwardTime;

namespace EfQat.Quantization;

/// <summary>The fake-quantizer behind a batch normalization: the same forward, and a backward through both at once.</summary>
internal sealed class NormalizedFakeQuantize : autograd.MultiTensorFunction<NormalizedFakeQuantize>
{
    public override string Name => nameof(NormalizedFakeQuantize);

    /// <returns>x̂ and its codes. // both y's shape</returns>
    public static List<Tensor> Apply(
        Normalized from, Tensor y, Tensor logScale, Tensor zeroPoint, Tensor scale, Tensor roundedZeroPoint, Grid grid, bool relu, double k)
    {
        using var values = y.detach();
        return apply(from.Input, from.Weight, from.Bias, logScale, zeroPoint, values, from.Mean, from.Inverse, scale, roundedZeroPoint, grid, relu, k);
    }

    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (y, scale, zeroPoint, grid, relu) = ((Tensor)vars[5], (Tensor)vars[8], (Tensor)vars[9], (Grid)vars[10], (bool)vars[11]);
        var (quantized, codes) = Kernels.FakeQuantize(y, scale, zeroPoint, grid, relu);
        ctx.save_for_backward([(Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[6], (Tensor)vars[7], scale, zeroPoint]);
        ctx.save_data("grid", grid);
        ctx.save_data("relu", relu);
        ctx.save_data("k", vars[12]);
        ctx.mark_non_differentiable([codes]);
        ctx.set_materialize_grads(false);
        return [quantized, codes];
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        var saved = ctx.get_saved_variables();
        var (grid, k) = ((Grid)ctx.get_data("grid"), (double)ctx.get_data("k"));
        var from = new Normalized(saved[0], saved[1], saved[2], saved[3], saved[4]);
        var (scale, zeroPoint) = (saved[5], saved[6]);
        var (x, weight, bias, gradScale, gradZero) = Measure(
            Part.BatchNorm, () => Kernels.BatchNormFakeQuantizeBackward(grad_outputs[0], from, scale, zeroPoint, grid, (bool)ctx.get_data("relu")));
        return
        [
            x, weight, bias, (gradScale * scale * k).reshape(1), grid.Symmetric ? null! : (gradZero * k).reshape(1),
            .. Enumerable.Repeat<Tensor>(null!, 8),
        ];
    }
}
