namespace EfQat.Integer.Program;

/// <summary>A network that ends in a global mean: the sums of Σ (code − zero) times their unit are the logits.</summary>
/// <param name="Name">Of the pooling.</param>
/// <param name="From">Its input.</param>
/// <param name="InputZero">The code of zero.</param>
/// <param name="Unit">The input's scale over its pixels.</param>
public sealed record AverageLogits(string Name, int[] From, byte InputZero, float Unit) : LogitsStep(Name, From)
{
    /// <inheritdoc/>
    public override CodeShape Output(ReadOnlySpan<CodeShape> inputs) => new(1, 1, One(inputs).Channels);

    internal override void Run(StepData data)
    {
        var input = data.Input();
        var logits = data.Logits;
        var channels = data.InputShape().Channels;
        Span<int> sums = stackalloc int[channels];
        sums.Fill(-InputZero * (input.Length / channels));
        for (int pixel = 0; pixel < input.Length; pixel += channels) ChannelSums.Add(sums, input.Slice(pixel, channels));
        for (int channel = 0; channel < channels; channel++) logits[channel] = sums[channel] * Unit;
    }
}
