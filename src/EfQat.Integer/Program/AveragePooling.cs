using EfQat.Integer.Kernels;

namespace EfQat.Integer.Program;

/// <summary>The mean of each window, padding counted: Σ (code − zero), brought to the next grid with the window's size in its multiplier.</summary>
/// <param name="Name">Of the quantizer behind it.</param>
/// <param name="From">Its input.</param>
/// <param name="Window">A global mean has one.</param>
/// <param name="InputZero">The code of zero that comes in; padding holds it.</param>
/// <param name="Mean">From a window's sum to a code; one multiplier for all channels.</param>
public sealed record AveragePooling(string Name, int[] From, Window Window, byte InputZero, Requantization Mean) : Step(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) => Window.Output(One(inputs)) is { Height: > 0, Width: > 0 } output && !Window.Ceiling
        ? output
        : throw Misfit($"the window does not fit its input of {inputs[0]}");

    internal override void Run(StepData data)
    {
        var input = data.Input();
        var output = data.Output;
        var (from, to) = (data.InputShape(), data.OutputShape);
        int channels = from.Channels;
        Span<int> sums = stackalloc int[channels];
        for (int y = 0; y < to.Height; y++)
        {
            var rows = Window.Inside(y, Window.Height, from.Height);
            for (int x = 0; x < to.Width; x++)
            {
                var columns = Window.Inside(x, Window.Width, from.Width);
                sums.Fill(-InputZero * (rows.To - rows.From) * (columns.To - columns.From));
                for (int row = rows.From; row < rows.To; row++)
                    for (int column = columns.From; column < columns.To; column++)
                        ChannelSums.Add(sums, input.Slice((row * from.Width + column) * channels, channels));
                var means = output.Slice((y * to.Width + x) * channels, channels);
                for (int channel = 0; channel < channels; channel++) means[channel] = Mean.Apply(sums[channel], 0);
            }
        }
    }
}
