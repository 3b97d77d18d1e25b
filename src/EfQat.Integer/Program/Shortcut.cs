namespace EfQat.Integer.Program;

/// <summary>A ResNet's shortcut without parameters: every stride-th pixel, and new channels on both sides that hold the code of zero.</summary>
/// <param name="Name">Of the module.</param>
/// <param name="From">Its input.</param>
/// <param name="Stride">In both directions.</param>
/// <param name="Before">New channels before.</param>
/// <param name="After">New channels behind.</param>
/// <param name="Zero">The code of zero.</param>
public sealed record Shortcut(string Name, int[] From, int Stride, int Before, int After, byte Zero) : Step(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) => One(inputs) is var (height, width, channels) && Stride > 0 && Before >= 0 && After >= 0
        ? new((height - 1) / Stride + 1, (width - 1) / Stride + 1, channels + Before + After)
        : throw Misfit($"stride {Stride}, {Before} and {After} new channels");

    internal override void Run(StepData data)
    {
        var input = data.Input();
        var output = data.Output;
        var (from, to) = (data.InputShape(), data.OutputShape);
        output.Fill(Zero);
        for (int y = 0; y < to.Height; y++)
            for (int x = 0; x < to.Width; x++)
                input.Slice((y * from.Width + x) * Stride * from.Channels, from.Channels).CopyTo(output[((y * to.Width + x) * to.Channels + Before)..]);
    }
}
