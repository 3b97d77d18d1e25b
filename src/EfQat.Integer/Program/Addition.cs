namespace EfQat.Integer.Program;

/// <summary>x + y of codes on two grids, and the ReLU behind it.</summary>
/// <param name="Name">Of the quantizer of the sum.</param>
/// <param name="From">x and y.</param>
/// <param name="Sum">From their codes to the sum's.</param>
public sealed record Addition(string Name, int[] From, Rescaling Sum) : RowStep(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) => inputs.Length == 2 && inputs[0] == inputs[1]
        ? inputs[0]
        : throw Misfit($"{string.Join(" and ", inputs.ToArray())} cannot be added");

    internal override void Run(StepData data, int from, int to)
    {
        int row = data.OutputShape.Width * data.OutputShape.Channels, start = from * row, length = (to - from) * row;
        Sum.Apply(data.Input(0).Slice(start, length), data.Input(1).Slice(start, length), data.Output.Slice(start, length));
    }
}
