using System.Numerics;

namespace EfQat.Integer.Program;

/// <summary>The border: the only step that reads floats. code = clamp(round(x / s) + z, 0, max), halves to even, as in training; NaN counts as zero.</summary>
/// <param name="Name">Of the quantizer.</param>
/// <param name="From">Nothing.</param>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="Channels">C.</param>
/// <param name="Scale">s.</param>
/// <param name="Zero">The code of zero.</param>
/// <param name="Min">The lowest code.</param>
/// <param name="Max">The highest code.</param>
public sealed record QuantizeInput(string Name, int[] From, int Height, int Width, int Channels, float Scale, byte Zero, byte Min, byte Max) : Step(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) => inputs.Length == 0 && Scale > 0 && Height > 0 && Width > 0 && Channels > 0
        ? new(Height, Width, Channels)
        : throw Misfit($"an input of {Channels}×{Height}×{Width} at scale {Scale}");

    internal override void Run(StepData data)
    {
        var image = data.Image;
        var codes = data.Output;
        var inverse = 1 / Scale;
        Vector<float> lowest = new(Min - Zero), highest = new(Max - Zero);
        int i = 0, lanes = Vector<float>.Count;
        for (; i <= codes.Length - 4 * lanes; i += 4 * lanes)
        {
            var (first, second) = (Codes(image[i..], inverse, lowest, highest), Codes(image[(i + lanes)..], inverse, lowest, highest));
            var (third, fourth) = (Codes(image[(i + 2 * lanes)..], inverse, lowest, highest), Codes(image[(i + 3 * lanes)..], inverse, lowest, highest));
            var signed = Vector.Narrow(Vector.Narrow(first, second), Vector.Narrow(third, fourth)).As<sbyte, byte>();
            (signed + new Vector<byte>(Zero)).CopyTo(codes[i..]);
        }
        for (; i < codes.Length; i++) codes[i] = (byte)((int)Math.Clamp(MathF.Round(image[i] * inverse), Min - Zero, Max - Zero) + Zero);
    }

    // The zero point comes afterwards: a half goes to the even neighbour of x / s.
    private static Vector<int> Codes(ReadOnlySpan<float> image, float inverse, Vector<float> lowest, Vector<float> highest) =>
        Vector.ConvertToInt32Native(Vector.Clamp(Vector.Round(new Vector<float>(image) * inverse), lowest, highest));
}
