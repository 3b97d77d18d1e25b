using EfQat.Integer.Ncnn;
using EfQat.Integer.Program;
using EfQat.Models;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Compilation;

/// <summary>
/// From a quantized model to an integer program. The model is run once; each of its tensors then is the codes of a step, or a sum that waits for the
/// quantizer behind it: BatchNorm, ReLU and ReLU6 in between become part of the step.
/// </summary>
public sealed class IntegerCompiler
{
    private const string Supported =
        "convolutions and linear layers that Quantize.Prepare made, BatchNorm behind them, ReLU, ReLU6, SharedInput, ResidualAdd, Concat, MaxPool2d, AvgPool2d, "
        + "AdaptiveAvgPool2d to 1×1, OptionAShortcut, Flatten, Dropout and Identity";

    private readonly List<Step> steps = [];
    private readonly Dictionary<Tensor, Value> values = new(ReferenceEqualityComparer.Instance);

    private IntegerCompiler() { }

    /// <summary>Compiles a model; it is as it was afterwards.</summary>
    /// <param name="model">Prepared by <see cref="Quantize.Prepare"/> and calibrated or trained.</param>
    /// <param name="sample">An input to run it on; the program is for inputs of this size. // [N, C, H, W]</param>
    /// <param name="origin">Kept with the program.</param>
    /// <exception cref="UserError">A module cannot be computed on integers, or is not calibrated; the message names it.</exception>
    public static IntegerProgram Compile(nn.Module<Tensor, Tensor> model, Tensor sample, IReadOnlyDictionary<string, string>? origin = null)
    {
        var trace = Trace.Of(model, sample);
        var compiler = new IntegerCompiler();
        compiler.values[trace.Input] = new Image(Shape(sample.shape));
        foreach (var call in trace.Calls) compiler.values[call.Output] = compiler.Value(call);
        string last = trace.Calls.LastOrDefault()?.Name ?? model.GetName();
        compiler.steps.Add(compiler.values.GetValueOrDefault(trace.Output)?.Logits(last)
            ?? throw new UserError($"{last}: an integer program ends in a linear layer or a global mean of quantized values; let the model return that"));
        return new(compiler.steps, origin);
    }

    private Value Value(Call call)
    {
        Value Input(int index = 0) => values.GetValueOrDefault(call.Inputs[index])
            ?? throw new UserError($"{call.Name}: reads a tensor that no module returned; make the operator between them a module ({Supported})");
        Codes Codes(int index = 0) => Input(index) as Codes
            ?? throw new UserError($"{call.Name}: reads values that nobody quantized; put a ReLU or a SharedInput before it");

        return call.Module switch
        {
            FakeQuantize quantizer => OnGrid(call.Name, Input(), TargetGrid.Of(call.Name, quantizer)),
            QuantizedLayer layer => ConvolutionSum.Of(call.Name, layer, Codes()),
            QuantBatchNorm2d norm => Normalized(call.Name, Input(), norm.Origin),
            BatchNorm2d norm => Normalized(call.Name, Input(), norm),
            QuantResidualAdd => new Sum(Codes(0), Codes(1)),
            Concat => new Joined(Shape(call.Shape), [.. call.Inputs.Select((_, i) => Codes(i))]),
            AdaptiveAvgPool2d when call.Shape is [_, _, 1, 1] => new Mean(Shape(call.Shape), Codes(), new(Codes().Shape.Height, Codes().Shape.Width, Stride: 1)),
            AvgPool2d { ceil_mode: false, count_include_pad: true, divisor_override: null } pool =>
                new Mean(Shape(call.Shape), Codes(), Window(call.Name, pool.kernel_size, pool.stride, pool.padding)),
            Dropout or Identity => Input(),
            KeepsGrid keeps => Moved(call, keeps.named_children().Single().module, Input, () => Codes()),
            _ => throw Unsupported(call.Name, call.Module),
        };
    }

    private Value Moved(Call call, nn.Module module, Func<int, Value> input, Func<Codes> codes) => module switch
    {
        Flatten { start_dim: 1, end_dim: -1 } => input(0),
        MaxPool2d pool => Moved(new MaxPooling(call.Name, [codes().Step], Window(call.Name, pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)), codes()),
        OptionAShortcut shortcut => Moved(
            new Shortcut(call.Name, [codes().Step], (int)shortcut.Stride, (int)shortcut.NewChannels / 2,
                (int)(shortcut.NewChannels - shortcut.NewChannels / 2), codes().Zero), codes()),
        _ => throw Unsupported(call.Name, module),
    };

    private Codes Moved(Step step, Codes codes) => codes with { Step = Add(step), Shape = step.Output([codes.Shape]) };

    private Codes OnGrid(string name, Value value, TargetGrid grid) =>
        new(value.Shape, Add(value.OnGrid(name, grid)), grid.Scale, grid.Zero, grid.Max);

    private static ConvolutionSum Normalized(string name, Value value, BatchNorm2d norm) =>
        (value as ConvolutionSum ?? throw new UserError($"{name}: no convolution stands before it to take it over; an integer program has no BatchNorm of its own"))
        .Normalized(norm);

    private static Window Window(string name, long[] kernel, long[]? stride, long[]? padding, bool ceiling = false)
    {
        var (steps, margins) = (stride ?? kernel, padding ?? [0, 0]);
        return steps[0] == steps[^1] && margins[0] == margins[^1]
            ? new((int)kernel[0], (int)kernel[^1], (int)steps[0], (int)margins[0], ceiling)
            : throw new UserError($"{name}: stride [{string.Join(", ", steps)}] and padding [{string.Join(", ", margins)}]; use the same in both directions");
    }

    private static CodeShape Shape(long[] shape) => shape is [_, var channels, var height, var width]
        ? new((int)height, (int)width, (int)channels)
        : throw new UserError($"a tensor of shape [{string.Join(", ", shape)}]; integer programs compute on pictures [N, C, H, W]");

    private static UserError Unsupported(string name, nn.Module module) =>
        new($"{name}: a {module.GetType().Name} as it is cannot be compiled to integers; supported are {Supported}");

    private int Add(Step step)
    {
        steps.Add(step);
        return steps.Count - 1;
    }
}
