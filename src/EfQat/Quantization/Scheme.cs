using System.Text.RegularExpressions;

namespace EfQat.Quantization;

/// <summary>How a model is quantized, written as in "W4A8".</summary>
/// <param name="WeightBits">2–8.</param>
/// <param name="ActivationBits">2–8.</param>
public sealed partial record Scheme(int WeightBits, int ActivationBits)
{
    /// <summary>The least bits of the first and the last layer [ours].</summary>
    public int FirstLastBits { get; init; } = 8;

    /// <summary>Weights without the lowest code.</summary>
    public bool NarrowWeights { get; init; }

    /// <summary>Chooses weight scales.</summary>
    public ObserverKind WeightObserver { get; init; } = ObserverKind.MinMax;

    /// <summary>Chooses activation ranges.</summary>
    public ObserverKind ActivationObserver { get; init; } = ObserverKind.MinMax;

    /// <summary>Reads "W4A8".</summary>
    /// <exception cref="UserError">The text has another form, or a width outside 2–8.</exception>
    public static Scheme Parse(string text)
    {
        if (Pattern().Match(text) is not { Success: true } match)
            throw new UserError($"bits '{text}': a scheme names the bits of weights and activations, e.g. W4A8");
        var scheme = new Scheme(int.Parse(match.Groups[1].Value), int.Parse(match.Groups[2].Value));
        _ = (Grid.Weights(scheme.WeightBits), Grid.Activations(scheme.ActivationBits));
        return scheme;
    }

    /// <inheritdoc/>
    public override string ToString() => $"W{WeightBits}A{ActivationBits}";

    [GeneratedRegex(@"^W(\d{1,3})A(\d{1,3})$", RegexOptions.IgnoreCase)]
    private static partial Regex Pattern();
}
