namespace EfQat.Integer.Program;

/// <summary>The channels of several pictures one after another, each brought from its own grid to a common one.</summary>
/// <param name="Name">Of the common quantizer.</param>
/// <param name="From">The pictures, in order.</param>
/// <param name="Parts">A rescaling for each.</param>
public sealed record Concatenation(string Name, int[] From, Rescaling[] Parts) : RowStep(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs)
    {
        int channels = 0;
        foreach (var input in inputs)
            channels += (input.Height, input.Width) == (inputs[0].Height, inputs[0].Width) ? input.Channels : throw Misfit($"{input} beside {inputs[0]}");
        return inputs.Length == Parts.Length && channels > 0 ? inputs[0] with { Channels = channels } : throw Misfit($"{inputs.Length} inputs for {Parts.Length} parts");
    }

    internal override void Run(StepData data, int from, int to)
    {
        int first = 0, all = data.OutputShape.Channels, width = data.OutputShape.Width;
        var output = data.Output;
        for (int part = 0; part < Parts.Length; part++)
        {
            int channels = data.InputShape(part).Channels, row = width * channels;
            Parts[part].Apply(data.Input(part)[(from * row)..(to * row)], output[(from * width * all + first)..], channels, all);
            first += channels;
        }
    }
}
