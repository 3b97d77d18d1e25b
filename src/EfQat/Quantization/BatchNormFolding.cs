using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>
/// In eval mode BatchNorm is a factor and a shift per channel, which the convolution before it can take over (arXiv 1712.05877, §3.2):
/// <code>
/// a = γ / √(σ² + ε)        W' = a · W        b' = β + a · (b − μ)
/// </code>
/// A quantized weight keeps its codes: its scales take |a|, and where a is negative the codes change sign.
/// </summary>
public static class BatchNormFolding
{
    /// <summary>
    /// Folds every BatchNorm2d that reads the very tensor a convolution returned, as one run of the model shows. The model is changed in
    /// place and is for inference from then on; where a check fails, no layer is changed.
    /// </summary>
    /// <param name="model">Float, or prepared by <see cref="Quantize.Prepare"/>. It is in eval mode afterwards.</param>
    /// <param name="sample">An input to run and to compare on. // [N, C, H, W]</param>
    /// <param name="tolerance">The greatest difference allowed in a layer's output, as a share of its largest value.</param>
    /// <returns>The names of the convolutions that took a BatchNorm over, in the order they ran.</returns>
    /// <exception cref="UserError">A layer's output would differ, or not only its BatchNorm reads it.</exception>
    public static IReadOnlyList<string> Fold(nn.Module<Tensor, Tensor> model, Tensor sample, double tolerance = 1e-4)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        model.eval();
        List<Call> calls = [];
        try
        {
            ModuleTree.Replace(model, (name, module) => module is Conv2d or QuantConv2d or QuantBatchNorm2d or BatchNorm2d { running_mean: not null }
                ? new Probe(name, (nn.Module<Tensor, Tensor>)module, calls)
                : null);
            var expected = model.call(sample);
            var pairs = Pairs(calls);
            Dictionary<Probe, nn.Module<Tensor, Tensor>> successors = [];
            foreach (var (convolution, norm) in pairs)
            {
                var folded = Folded(convolution.Probe.Module, NormOf(norm.Probe.Module)!);
                CheckEqual(convolution, norm, folded, tolerance);
                CheckSoleReader(convolution, norm, () => model.call(sample).Equals(expected));
                (successors[convolution.Probe], successors[norm.Probe]) = (folded, nn.Identity());
            }
            foreach (var (probe, successor) in successors) probe.Module = successor;
            return [.. pairs.Select(pair => pair.Convolution.Probe.GetName())];
        }
        finally
        {
            foreach (var call in calls) call.Dispose();
            ModuleTree.Replace(model, (_, module) => (module as Probe)?.Module);
        }
    }

    internal static Conv2d Convolution(Tensor weight, Tensor bias, long[] stride, long[] padding, long[] dilation, long groups)
    {
        var layer = nn.Conv2d(
            weight.shape[1] * groups, weight.shape[0], (weight.shape[2], weight.shape[3]), (stride[0], stride[1]), (padding[0], padding[1]),
            (dilation[0], dilation[1]), groups: groups, device: weight.device);
        layer.weight!.copy_(weight);
        layer.bias!.copy_(bias);
        return layer;
    }

    /// <summary>A layer that runs more than once serves several masters, and stays as it is.</summary>
    private static (Call Convolution, Call Norm)[] Pairs(IReadOnlyList<Call> calls)
    {
        var once = calls.GroupBy(call => call.Probe).Where(group => group.Count() == 1).Select(group => group.Single()).ToArray();
        return
        [
            .. from norm in once
               where NormOf(norm.Probe.Module) is not null
               from convolution in once
               where NormOf(convolution.Probe.Module) is null && ReferenceEquals(convolution.Output, norm.Input)
               select (convolution, norm),
        ];
    }

    private static BatchNorm2d? NormOf(nn.Module module) => module as BatchNorm2d ?? (module as QuantBatchNorm2d)?.Origin;

    private static nn.Module<Tensor, Tensor> Folded(nn.Module<Tensor, Tensor> convolution, BatchNorm2d norm)
    {
        var factor = (norm.running_var! + norm.eps).rsqrt();  // [K]
        if (norm.weight is { } gamma) factor = gamma * factor;
        var shift = -norm.running_mean! * factor;
        if (norm.bias is { } beta) shift = beta + shift;
        if (convolution is QuantConv2d quantized) return quantized.Scaled(factor, shift);

        var origin = (Conv2d)convolution;
        if (origin.bias is { } bias) shift = shift + bias * factor;
        return Convolution(origin.weight! * factor.reshape(-1, 1, 1, 1), shift, origin.stride, origin.padding!, origin.dilation, origin.groups);
    }

    private static void CheckEqual(Call convolution, Call norm, nn.Module<Tensor, Tensor> folded, double tolerance)
    {
        double largest = norm.OutputValues.abs().max().item<float>();
        double error = (folded.call(convolution.InputValues) - norm.OutputValues).abs().max().item<float>() / Math.Max(largest, 1e-30);
        if (!(error <= tolerance))
            throw new UserError(
                $"{convolution.Probe.GetName()}: with {norm.Probe.GetName()} folded in, its output differs by {error:0.0e+0} of its largest value, more than {tolerance}; " +
                "use narrow weights (a negative factor cannot negate the lowest code), or a larger tolerance");
    }

    /// <summary>With the convolution's output hidden and the BatchNorm's as it was, the model's output must stay the same.</summary>
    private static void CheckSoleReader(Call convolution, Call norm, Func<bool> unchanged)
    {
        (convolution.Probe.Instead, norm.Probe.Instead) = (full_like(convolution.OutputValues, double.NaN), norm.OutputValues);
        if (!unchanged())
            throw new UserError($"{convolution.Probe.GetName()}: not only {norm.Probe.GetName()} reads its output, so that nothing can be folded into it");
        (convolution.Probe.Instead, norm.Probe.Instead) = (null, null);
    }

    /// <summary>Which tensors went in and out, and their values: the block around may free the tensors when it ends.</summary>
    private sealed record Call(Probe Probe, Tensor Input, Tensor Output, Tensor InputValues, Tensor OutputValues) : IDisposable
    {
        public void Dispose()
        {
            InputValues.Dispose();
            OutputValues.Dispose();
        }
    }

    /// <summary>Stands in a module's place and notes its calls.</summary>
    private sealed class Probe(string name, nn.Module<Tensor, Tensor> module, List<Call> calls) : nn.Module<Tensor, Tensor>(name)
    {
        public nn.Module<Tensor, Tensor> Module { get; set; } = module;

        /// <summary>Returned without a call.</summary>
        public Tensor? Instead { get; set; }

        public override Tensor forward(Tensor input)
        {
            if (Instead is not null) return Instead;
            var output = Module.call(input);
            calls.Add(new(this, input, output, Kept(input), Kept(output)));
            return output;
        }

        private static Tensor Kept(Tensor tensor) => tensor.alias().DetachFromDisposeScope();
    }
}
