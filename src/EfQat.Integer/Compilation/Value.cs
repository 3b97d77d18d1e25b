using EfQat.Integer.Program;
using EfQat.Quantization;

namespace EfQat.Integer.Compilation;

/// <summary>A grid to be brought to, as codes: what is zero has the code Zero, a ReLU makes it the lowest.</summary>
internal sealed record TargetGrid(double Scale, byte Zero, byte Min, byte Max)
{
    /// <exception cref="UserError">The quantizer is not calibrated.</exception>
    public static TargetGrid Of(string name, FakeQuantize quantizer)
    {
        if (quantizer.State != QuantizerState.On)
            throw new UserError($"{name}: the quantizer is {quantizer.State}; run Quantize.Calibrate before compiling");
        byte zero = (byte)(quantizer.ZeroPoint - quantizer.Grid.QMin);
        return double.IsFinite(quantizer.Scale)
            ? new(quantizer.Scale, zero, quantizer.Relu ? zero : (byte)0, (byte)(quantizer.Grid.Levels - 1))
            : throw new UserError($"{name}: its scale is {quantizer.Scale}; look for NaN in the weights or the samples, and calibrate again");
    }
}

/// <summary>What stands for a tensor of the network while it is compiled.</summary>
/// <param name="Shape">Of one sample.</param>
internal abstract record Value(CodeShape Shape)
{
    /// <summary>The step that brings it to a grid.</summary>
    public abstract Step OnGrid(string name, TargetGrid grid);

    /// <summary>The step that ends a program with it; null where none can.</summary>
    public virtual LogitsStep? Logits(string name) => null;
}

/// <summary>The result of a step.</summary>
internal sealed record Codes(CodeShape Shape, int Step, double Scale, byte Zero, byte Max) : Value(Shape)
{
    public override Step OnGrid(string name, TargetGrid grid) => new Concatenation(name, [Step], [FixedPoint.Rescaling(grid, this)]);
}

/// <summary>The network's input.</summary>
internal sealed record Image(CodeShape Shape) : Value(Shape)
{
    public override Step OnGrid(string name, TargetGrid grid) =>
        new QuantizeInput(name, [], Shape.Height, Shape.Width, Shape.Channels, (float)grid.Scale, grid.Zero, grid.Min, grid.Max);
}

/// <summary>x + y.</summary>
internal sealed record Sum(Codes Left, Codes Right) : Value(Left.Shape)
{
    public override Step OnGrid(string name, TargetGrid grid) => new Addition(name, [Left.Step, Right.Step], FixedPoint.Rescaling(grid, Left, Right));
}

/// <summary>Channels one after another.</summary>
internal sealed record Joined(CodeShape Shape, Codes[] Parts) : Value(Shape)
{
    public override Step OnGrid(string name, TargetGrid grid) =>
        new Concatenation(name, [.. Parts.Select(part => part.Step)], [.. Parts.Select(part => FixedPoint.Rescaling(grid, part))]);
}

/// <summary>The mean of each window.</summary>
internal sealed record Mean(CodeShape Shape, Codes Input, Window Window) : Value(Shape)
{
    private double Unit => Input.Scale / (Window.Height * Window.Width);

    public override Step OnGrid(string name, TargetGrid grid) =>
        new AveragePooling(name, [Input.Step], Window, Input.Zero, FixedPoint.Requantization(grid, Unit));

    public override LogitsStep? Logits(string name) =>
        (Window.Height, Window.Width) == (Input.Shape.Height, Input.Shape.Width) ? new AverageLogits(name, [Input.Step], Input.Zero, (float)Unit) : null;
}
