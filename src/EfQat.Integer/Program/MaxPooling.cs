using System.Numerics;

namespace EfQat.Integer.Program;

/// <summary>The greatest code of each window, channel by channel: codes keep the order of what they stand for.</summary>
/// <param name="Name">Of the module.</param>
/// <param name="From">Its input.</param>
/// <param name="Window">What lies outside of the picture does not count.</param>
public sealed record MaxPooling(string Name, int[] From, Window Window) : Step(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) =>
        Window.Output(One(inputs)) is { Height: > 0, Width: > 0 } output ? output : throw Misfit($"the window is larger than its input of {inputs[0]}");

    internal override void Run(StepData data)
    {
        var input = data.Input();
        var output = data.Output;
        var (from, to) = (data.InputShape(), data.OutputShape);
        int channels = from.Channels;
        output.Clear(); // the lowest code
        for (int y = 0; y < to.Height; y++)
        {
            var rows = Window.Inside(y, Window.Height, from.Height);
            for (int x = 0; x < to.Width; x++)
            {
                var columns = Window.Inside(x, Window.Width, from.Width);
                var greatest = output.Slice((y * to.Width + x) * channels, channels);
                for (int row = rows.From; row < rows.To; row++)
                    for (int column = columns.From; column < columns.To; column++)
                        Raise(greatest, input.Slice((row * from.Width + column) * channels, channels));
            }
        }
    }

    private static void Raise(Span<byte> greatest, ReadOnlySpan<byte> codes)
    {
        int i = 0;
        for (; i <= codes.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            Vector.Max(new Vector<byte>(greatest[i..]), new Vector<byte>(codes[i..])).CopyTo(greatest[i..]);
        for (; i < codes.Length; i++) greatest[i] = Math.Max(greatest[i], codes[i]);
    }
}
