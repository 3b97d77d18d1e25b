using EfQat.Integer.Kernels;
using EfQat.Integer.Program;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Compilation;

/// <summary>
/// What a convolution or a linear layer returns, and a BatchNorm behind it: for each output channel (Σ w · (code − zero)) · s_x · s_w · a + b.
/// </summary>
/// <param name="Shape">Of the result.</param>
/// <param name="Layer">The layer's name.</param>
/// <param name="Input">code, zero and s_x.</param>
/// <param name="Kernel">Sizes.</param>
/// <param name="Weights">w. // [K, R, S, C / groups]</param>
/// <param name="Scales">s_w. // [K]</param>
/// <param name="Factors">a. // [K]</param>
/// <param name="Shifts">b. // [K]</param>
internal sealed record ConvolutionSum(
    CodeShape Shape, string Layer, Codes Input, ConvolutionShape Kernel, sbyte[] Weights, double[] Scales, double[] Factors, double[] Shifts) : Value(Shape)
{
    /// <param name="name">For messages.</param>
    /// <param name="layer">A convolution, or a linear layer: a convolution whose kernel is the whole picture.</param>
    /// <param name="input">What it reads.</param>
    public static ConvolutionSum Of(string name, QuantizedLayer layer, Codes input)
    {
        if (!layer.Quantizing) throw new UserError($"{name}: its quantization is switched off; run Quantize.Calibrate before compiling");
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var integers = layer.Integers;
        var kernel = layer is QuantConv2d convolution ? Convolution(name, convolution, input.Shape) : Linear(name, integers.Codes, input.Shape);
        int channels = kernel.OutputChannels;
        double[] scales = [.. Floats(integers.Scale)];
        if (scales.Length == 1) scales = [.. Enumerable.Repeat(scales[0], channels)];
        if (scales.Length != channels)
            throw new UserError(
                $"{name}: {scales.Length} weight scales for {channels} output channels, and sums of integers have one; use per-channel or per-tensor scales");
        if (!double.IsFinite(layer.CompleteWeight.sum().item<float>())) throw new UserError($"{name}: its weights hold NaN or infinity; train it again");

        var weights = integers.Integers().reshape(channels, kernel.InputChannels / kernel.Groups, kernel.KernelHeight, kernel.KernelWidth);
        double[] shifts = layer.get_parameter("bias") is { } bias ? [.. Floats(bias)] : new double[channels];
        CodeShape shape = new(kernel.OutputHeight(input.Shape.Height), kernel.OutputWidth(input.Shape.Width), channels);
        return new(
            shape, name, input, kernel, weights.permute(0, 2, 3, 1).to(int8).contiguous().data<sbyte>().ToArray(), scales,
            [.. Enumerable.Repeat(1.0, channels)], shifts);
    }

    /// <summary>a = γ / √(σ² + ε) and β − a·μ come to it.</summary>
    public ConvolutionSum Normalized(BatchNorm2d norm)
    {
        double[] Values(Tensor? tensor, double otherwise) => tensor is null ? [.. Enumerable.Repeat(otherwise, Shifts.Length)] : [.. Floats(tensor)];
        var (gamma, beta, mean, variance) = (Values(norm.weight, 1), Values(norm.bias, 0), Values(norm.running_mean, 0), Values(norm.running_var, 1));
        double[] a = [.. gamma.Zip(variance, (g, v) => g / Math.Sqrt(v + norm.eps))];
        return this with
        {
            Factors = [.. Factors.Select((factor, k) => factor * a[k])],
            Shifts = [.. Shifts.Select((shift, k) => beta[k] + a[k] * (shift - mean[k]))],
        };
    }

    public override Step OnGrid(string name, TargetGrid grid)
    {
        var (weights, bias, units, rests) = Folded(grid.Scale);
        return new Program.Convolution(
            name, [Input.Step], new(Kernel, weights, bias, FixedPoint.Requantization(grid, units, rests), Input.Max, Input.Zero));
    }

    public override LogitsStep? Logits(string name)
    {
        if (Shape is not { Height: 1, Width: 1 } || Kernel.Groups != 1) return null;
        var (weights, bias, units, _) = Folded(1e-30);
        return new LinearLogits(Layer, [Input.Step], weights, bias, [.. units.Select(unit => (float)unit)]);
    }

    /// <summary>
    /// Weights that took the sign of a, and b in whole units of the sum and what is left of it. Where b would not fit, or a is 0, the unit is coarser, and so are the weights, whose
    /// part in such a sum is small.
    /// </summary>
    /// <param name="step">What the sum is rounded to afterwards.</param>
    private (sbyte[] Weights, int[] Bias, double[] Units, double[] Rests) Folded(double step)
    {
        int size = Weights.Length / Shifts.Length;
        var (weights, bias, units, rests) = (new sbyte[Weights.Length], new int[Shifts.Length], new double[Shifts.Length], new double[Shifts.Length]);
        for (int k = 0; k < Shifts.Length; k++)
        {
            double exact = Input.Scale * Scales[k] * Factors[k];
            if (!double.IsFinite(exact) || !double.IsFinite(Shifts[k]))
                throw new UserError($"{Layer}: the factor of channel {k} is {exact} and its shift {Shifts[k]}; look at its BatchNorm's statistics");
            units[k] = Math.Max(Math.Abs(exact), Math.ScaleB(Math.Max(Math.Abs(Shifts[k]), step), -30));
            int sum = 0;
            for (int i = k * size; i < (k + 1) * size; i++)
            {
                double weight = Math.Round(Weights[i] * (exact / units[k]));
                if (weight > sbyte.MaxValue)
                    throw new UserError(
                        $"{Layer}: channel {k} has a negative BatchNorm factor and the weight {Weights[i]}, which has no negative in 8 bits; use narrow weights");
                sum += weights[i] = (sbyte)weight;
            }
            double whole = Math.Round(Shifts[k] / units[k]);
            (bias[k], rests[k]) = ((int)whole - Input.Zero * sum, Shifts[k] / units[k] - whole);
        }
        return (weights, bias, units, rests);
    }

    private static ConvolutionShape Convolution(string name, QuantConv2d layer, CodeShape input)
    {
        var (codes, shape) = (layer.CompleteWeight.shape, layer.Shape);
        return shape.Stride.Height == shape.Stride.Width && shape.Padding.Height == shape.Padding.Width && codes[1] * shape.Groups == input.Channels
            ? new(input.Channels, (int)codes[0], (int)codes[2], (int)codes[3], (int)shape.Stride.Height, (int)shape.Padding.Height, Groups: (int)shape.Groups)
            : throw new UserError($"{name}: stride {shape.Stride} and padding {shape.Padding}; integer convolutions have the same in both directions");
    }

    private static ConvolutionShape Linear(string name, Tensor codes, CodeShape input) => codes.shape[1] == input.Count
        ? new(input.Channels, (int)codes.shape[0], input.Height, input.Width)
        : throw new UserError($"{name}: a linear layer of {codes.shape[1]} inputs reads {input}; integer ones read the whole flattened picture");

    private static IEnumerable<double> Floats(Tensor tensor) => tensor.detach().cpu().contiguous().data<float>().Select(value => (double)value);
}
