using EfQat.Integer.Program;
using EfQat.Quantization;

namespace EfQat.Integer.Compilation;

/// <summary>
/// A grid to be brought to, as codes from 0 to Max; what is zero has the code Zero. Behind a ReLU codes are counted from zero on: those below do not occur,
/// and a signed grid of 7 bits has codes up to 63, of which eight products fit into 16 bits.
/// </summary>
internal sealed record TargetGrid(double Scale, byte Zero, byte Max)
{
    /// <summary>The code, counted from the grid's lowest, that a program calls 0.</summary>
    public static int Lowest(FakeQuantize quantizer) => quantizer.Relu ? quantizer.ZeroPoint - quantizer.Grid.QMin : 0;

    /// <exception cref="UserError">The quantizer is not calibrated.</exception>
    public static TargetGrid Of(string name, FakeQuantize quantizer)
    {
        if (quantizer.State != QuantizerState.On)
            throw new UserError($"{name}: the quantizer is {quantizer.State}; run Quantize.Calibrate before compiling");
        int lowest = Lowest(quantizer);
        return double.IsFinite(quantizer.Scale)
            ? new(quantizer.Scale, (byte)(quantizer.ZeroPoint - quantizer.Grid.QMin - lowest), (byte)(quantizer.Highest - quantizer.Grid.QMin - lowest))
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
        new QuantizeInput(name, [], Shape.Height, Shape.Width, Shape.Channels, (float)grid.Scale, grid.Zero, 0, grid.Max);
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
        new AveragePooling(name, [Input.Step], Window, Input.Zero, FixedPoint.Requantization(grid, [Unit]));

    public override LogitsStep? Logits(string name) =>
        (Window.Height, Window.Width) == (Input.Shape.Height, Input.Shape.Width) ? new AverageLogits(name, [Input.Step], Input.Zero, (float)Unit) : null;
}
