using System.Numerics;

namespace EfQat.Integer.Program;

/// <summary>The greatest code of each window, channel by channel: codes keep the order of what they stand for.</summary>
/// <param name="Name">Of the module.</param>
/// <param name="From">Its input.</param>
/// <param name="Window">What lies outside of the picture does not count.</param>
public sealed record MaxPooling(string Name, int[] From, Window Window) : RowStep(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) =>
        Window.Output(One(inputs)) is { Height: > 0, Width: > 0 } output ? output : throw Misfit($"the window does not fit its input of {inputs[0]}");

    internal override void Run(StepData data, int from, int to)
    {
        var input = data.Input();
        var output = data.Output;
        var (picture, result) = (data.InputShape(), data.OutputShape);
        int channels = picture.Channels;
        for (int y = from; y < to; y++)
        {
            var rows = Window.Inside(y, Window.Height, picture.Height);
            for (int x = 0; x < result.Width; x++)
            {
                var columns = Window.Inside(x, Window.Width, picture.Width);
                // Columns side by side are one run of codes.
                int length = (columns.To - columns.From) * channels, line = picture.Width * channels;
                var corner = input.Slice(rows.From * line + columns.From * channels, (rows.To - rows.From - 1) * line + length);
                Greatest(corner, line, length, output.Slice((y * result.Width + x) * channels, channels));
            }
        }
    }

    private static void Greatest(ReadOnlySpan<byte> corner, int line, int length, Span<byte> greatest)
    {
        int channel = 0;
        for (; channel <= greatest.Length - Vector<byte>.Count; channel += Vector<byte>.Count)
        {
            var most = Vector<byte>.Zero; // the lowest code
            for (int row = 0; row < corner.Length; row += line)
                for (int at = row; at < row + length; at += greatest.Length) most = Vector.Max(most, new(corner[(at + channel)..]));
            most.CopyTo(greatest[channel..]);
        }
        for (; channel < greatest.Length; channel++)
        {
            byte most = 0;
            for (int row = 0; row < corner.Length; row += line)
                for (int at = row; at < row + length; at += greatest.Length) most = Math.Max(most, corner[at + channel]);
            greatest[channel] = most;
        }
    }
}
