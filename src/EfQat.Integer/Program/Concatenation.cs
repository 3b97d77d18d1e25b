namespace EfQat.Integer.Program;

/// <summary>The channels of several pictures one after another, each brought from its own grid to a common one.</summary>
/// <param name="Name">Of the common quantizer.</param>
/// <param name="From">The pictures, in order.</param>
/// <param name="Parts">A rescaling for each.</param>
public sealed record Concatenation(string Name, int[] From, Rescaling[] Parts) : Step(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs)
    {
        int channels = 0;
        foreach (var input in inputs)
            channels += (input.Height, input.Width) == (inputs[0].Height, inputs[0].Width) ? input.Channels : throw Misfit($"{input} beside {inputs[0]}");
        return inputs.Length == Parts.Length && channels > 0 ? inputs[0] with { Channels = channels } : throw Misfit($"{inputs.Length} inputs for {Parts.Length} parts");
    }

    internal override void Run(StepData data)
    {
        int first = 0, all = data.OutputShape.Channels;
        for (int part = 0; part < Parts.Length; part++)
        {
            var input = data.Input(part);
            var output = data.Output[first..];
            var channels = data.InputShape(part).Channels;
            for (int pixel = 0; pixel < input.Length / channels; pixel++)
            {
                var codes = input.Slice(pixel * channels, channels);
                Parts[part].Apply(codes, codes, output.Slice(pixel * all, channels));
            }
            first += channels;
        }
    }
}
