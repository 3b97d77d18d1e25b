using System.Numerics;

namespace EfQat.Integer.Program;

/// <summary>The last linear layer: its sums times their units are the logits.</summary>
/// <param name="Name">Of the layer.</param>
/// <param name="From">Its input, all of whose codes are read.</param>
/// <param name="Weights">Codes. // [classes, H, W, C]</param>
/// <param name="Bias">In units of the sum, −zero · Σ w included. // [classes]</param>
/// <param name="Units">What a sum of 1 stands for. // [classes]</param>
public sealed record LinearLogits(string Name, int[] From, sbyte[] Weights, int[] Bias, float[] Units) : LogitsStep(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) =>
        Bias.Length > 0 && Units.Length == Bias.Length && (long)One(inputs).Count * Bias.Length == Weights.Length
            ? new(1, 1, Bias.Length)
            : throw Misfit($"{Weights.Length} weights for {Bias.Length} classes and an input of {inputs[0]}");

    internal override void Run(StepData data)
    {
        var codes = data.Input();
        var logits = data.Logits;
        for (int k = 0; k < Bias.Length; k++)
            logits[k] = (Bias[k] + Dot(codes, Weights.AsSpan(k * codes.Length, codes.Length))) * Units[k];
    }

    private static int Dot(ReadOnlySpan<byte> codes, ReadOnlySpan<sbyte> weights)
    {
        int i = 0;
        var sums = Vector<int>.Zero;
        for (; i <= codes.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(codes[i..]), out var lowCodes, out var highCodes);
            Vector.Widen(new Vector<sbyte>(weights[i..]), out var lowWeights, out var highWeights);
            // 255 · 128 fits into 16 bits, two such products do not.
            Vector.Widen(lowCodes.As<ushort, short>() * lowWeights, out var first, out var second);
            Vector.Widen(highCodes.As<ushort, short>() * highWeights, out var third, out var fourth);
            sums += first + second + third + fourth;
        }
        int sum = Vector.Sum(sums);
        for (; i < codes.Length; i++) sum += codes[i] * weights[i];
        return sum;
    }
}
