using System.Numerics;
using System.Runtime.InteropServices;

namespace EfQat.Integer.Program;

/// <summary>The border: the only step that reads floats. code = clamp(round(x / s) + z, 0, max), halves to even, as in training.</summary>
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
        var floats = MemoryMarshal.Cast<float, Vector<float>>(image);
        Vector<float> lowest = new(Min - Zero), highest = new(Max - Zero), zero = new(Zero);
        for (int i = 0; i < floats.Length; i++)
        {
            // Rounded before the zero point comes to it: a half goes to the even neighbour of x / s.
            var code = Vector.Clamp(Vector.Round(floats[i] * inverse), lowest, highest) + zero;
            for (int lane = 0; lane < Vector<float>.Count; lane++) codes[i * Vector<float>.Count + lane] = (byte)code[lane];
        }
        for (int i = floats.Length * Vector<float>.Count; i < codes.Length; i++)
            codes[i] = (byte)(Math.Clamp(MathF.Round(image[i] * inverse), Min - Zero, Max - Zero) + Zero);
    }
}
