using EfQat.Integer.Kernels;

namespace EfQat.Integer.Program;

/// <summary>A convolution with its BatchNorm and ReLU; a linear layer is one whose kernel is the whole picture.</summary>
/// <param name="Name">Of the quantizer behind it.</param>
/// <param name="From">Its input.</param>
/// <param name="Layer">Weights and requantization.</param>
public sealed record Convolution(string Name, int[] From, ConvolutionLayer Layer) : Step(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs)
    {
        var (input, shape) = (One(inputs), Layer.Shape);
        if (LayerBounds.Refusal(Layer, KernelKind.Specification) is { } reason) throw new UserError($"{Name}: {reason}");
        if (input.Channels != shape.InputChannels)
            throw Misfit($"{input.Channels} channels come in where {shape.InputChannels} are read");
        CodeShape output = new(shape.OutputHeight(input.Height), shape.OutputWidth(input.Width), shape.OutputChannels);
        return output is { Height: > 0, Width: > 0 } ? output : throw Misfit($"the kernel is larger than its input of {input}");
    }

    internal override void Run(StepData data)
    {
        var input = data.InputShape();
        data.Kernel.Run(data.Input(), input.Height, input.Width, data.Output, data.Scratch, data.Workers);
    }
}
