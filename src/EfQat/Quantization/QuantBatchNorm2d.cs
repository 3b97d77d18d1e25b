using System.Runtime.CompilerServices;
using EfQat.Backward;
using TorchSharp.Modules;
using static EfQat.Backward.BackwardTime;

namespace EfQat.Quantization;

/// <summary>
/// A BatchNorm2d before a quantizer. Its output remembers what it was made from (<see cref="Normalized"/>), so that the quantizer's backward
/// goes straight on to the input of the normalization: one pass for both, and nobody keeps the normalized values.
/// </summary>
public sealed class QuantBatchNorm2d : nn.Module<Tensor, Tensor>
{
    /// <summary>Takes over the parameters and the running statistics of a float BatchNorm2d.</summary>
    public QuantBatchNorm2d(BatchNorm2d origin) : base(nameof(QuantBatchNorm2d))
    {
        Origin = origin;
        register_parameter("weight", origin.weight!);
        register_parameter("bias", origin.bias!);
        register_buffer("running_mean", origin.running_mean!);
        register_buffer("running_var", origin.running_var!);
        register_buffer("num_batches_tracked", origin.num_batches_tracked!);
        train(origin.training);
    }

    /// <summary>The module whose parameters these are.</summary>
    public BatchNorm2d Origin { get; }

    internal static bool Replaces(BatchNorm2d norm) => norm is { weight: not null, running_mean: not null, momentum: not null };

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        SavedBytes.Add(SavedBytes.Kind.NormInputs, x);
        if (!training || !Kernels.FusesBatchNorm(x))
        {
            Origin.train(training);
            return Origin.call(x);
        }
        Origin.num_batches_tracked!.add_(1);
        var outputs = Function.apply(x, Origin.weight!, Origin.bias!, Origin);
        Normalized.Attach(outputs[0], new(x, Origin.weight!, Origin.bias!, outputs[1], outputs[2]) { From = Convolved.Of(x) });
        return outputs[0];
    }

    private sealed class Function : autograd.MultiTensorFunction<Function>
    {
        public override string Name => nameof(QuantBatchNorm2d);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, origin) = ((Tensor)vars[0], (BatchNorm2d)vars[3]);
            var (y, mean, inverse) = Kernels.BatchNorm(x, origin);
            ctx.save_for_backward([x, origin.weight!, origin.bias!, mean, inverse]);
            ctx.mark_non_differentiable([mean, inverse]);
            ctx.set_materialize_grads(false);
            return [y, mean, inverse];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            var saved = ctx.get_saved_variables();
            var (gradX, gradWeight, gradBias) = Measure(
                Part.BatchNorm, () => Kernels.BatchNormBackward(grad_outputs[0], new(saved[0], saved[1], saved[2], saved[3], saved[4])));
            return [gradX, gradWeight, gradBias, null!];
        }
    }
}

/// <summary>What a normalized tensor was made from: y = (x − mean)·inverse·γ + β.</summary>
/// <param name="Input">x. // [N, C, H, W]</param>
/// <param name="Weight">γ. // [C]</param>
/// <param name="Bias">β. // [C]</param>
/// <param name="Mean">Of the batch. // [C]</param>
/// <param name="Inverse">1/√(variance + ε). // [C]</param>
internal sealed record Normalized(Tensor Input, Tensor Weight, Tensor Bias, Tensor Mean, Tensor Inverse)
{
    private static readonly ConditionalWeakTable<Tensor, Normalized> Tags = [];

    /// <summary>What x was made from; null where it is no convolution.</summary>
    public Convolved? From { get; init; }

    public static void Attach(Tensor y, Normalized origin) => Tags.AddOrUpdate(y, origin);

    /// <summary>Null where y comes from elsewhere, or where what it was made from was disposed.</summary>
    public static Normalized? Of(Tensor y) => Tags.TryGetValue(y, out var origin) && !(origin.Input.IsInvalid || origin.Mean.IsInvalid) ? origin : null;
}
