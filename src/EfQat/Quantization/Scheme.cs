using System.Globalization;
using System.Text.RegularExpressions;

namespace EfQat.Quantization;

/// <summary>
/// How a model is quantized, written as the bits of weights and activations and the options that are not at their defaults:
/// "W4A8", "W4A4,group=32,narrow,activations=percentile".
/// </summary>
/// <param name="WeightBits">2–8.</param>
/// <param name="ActivationBits">2–8.</param>
public sealed partial record Scheme(int WeightBits, int ActivationBits)
{
    private const string Options =
        "lsq, lsq+, pact, dorefa, first-last=BITS, per-tensor, per-channel, group=SIZE, narrow, tanh, symmetric, signed, clip=learned, clip=fixed, "
        + "no-gradient-scale, weights=OBSERVER, activations=OBSERVER";

    /// <summary>The least bits of the first and the last layer, weights and input; 2 makes them as all others [ours]. "first-last=8"</summary>
    public int FirstLastBits { get; init; } = 8;

    /// <summary>How many weights share a scale. "per-tensor", "per-channel", "group=32"</summary>
    public Granularity Granularity { get; init; }

    /// <summary>Weights without the lowest code. "narrow"</summary>
    public bool NarrowWeights { get; init; }

    /// <summary>Weights by DoReFa's rule (arXiv 1606.06160), a range for the whole tensor, but in the first and the last layer. "tanh"</summary>
    public bool TanhWeights { get; init; }

    /// <summary>Where outputs of ReLUs are clipped; other than at the grid's ends they have no zero point. "clip=learned", "clip=fixed"</summary>
    public Clipping Clipping { get; init; }

    /// <summary>Activations without a zero point: unsigned behind a ReLU, else signed. "symmetric"</summary>
    public bool SymmetricActivations { get; init; }

    /// <summary>Activations on [−qmax, qmax], behind a ReLU too, without a zero point: the integers of weights and activations are alike. "signed"</summary>
    public bool SignedActivations { get; init; }

    /// <summary>Gradients of scales and zero points are divided by √(n·qmax) (LSQ, arXiv 1902.08153). Off: "no-gradient-scale"</summary>
    public bool GradientScale { get; init; } = true;

    /// <summary>Chooses weight scales. "weights=mse"</summary>
    public ObserverKind WeightObserver { get; init; } = ObserverKind.MinMax;

    /// <summary>Chooses activation ranges. "activations=percentile"</summary>
    public ObserverKind ActivationObserver { get; init; } = ObserverKind.MinMax;

    /// <summary>Scales start and learn as LSQ's do (arXiv 1902.08153), without a zero point. "lsq"</summary>
    public Scheme Lsq =>
        this with { SymmetricActivations = true, WeightObserver = ObserverKind.LearnedStepSize, ActivationObserver = ObserverKind.LearnedStepSize };

    /// <summary>Scales and zero points start and learn as LSQ+'s do (arXiv 2004.09576). "lsq+"</summary>
    public Scheme LsqPlus => this with { WeightObserver = ObserverKind.ThreeSigma, ActivationObserver = ObserverKind.MeanSquaredError };

    /// <summary>Weights by DoReFa's rule, ReLUs clipped at a learned α (arXiv 1805.06085); α starts with the least squared error [ours]. "pact"</summary>
    public Scheme Pact => this with { TanhWeights = true, Clipping = Clipping.Learned, ActivationObserver = ObserverKind.MeanSquaredError };

    /// <summary>
    /// Weights by DoReFa's rule, ReLUs clipped at a constant (arXiv 1606.06160). The paper's constant is 1; [ours] calibration chooses it, as if the
    /// activations of a trained network were first scaled to [0, 1]. "dorefa"
    /// </summary>
    public Scheme DoReFa => Pact with { Clipping = Clipping.Fixed };

    /// <summary>Reads what <see cref="ToString"/> writes, in any case; a method's name stands for its options.</summary>
    /// <exception cref="UserError">The text has another form, names an unknown option, or a width outside 2–8.</exception>
    public static Scheme Parse(string text)
    {
        string[] parts = text.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries);
        if (Bits().Match(parts[0]) is not { Success: true } match)
            throw new UserError($"bits '{text}': a scheme begins with the bits of weights and activations, e.g. W4A8");
        return parts[1..].Aggregate(new Scheme(Width(match.Groups[1].Value), Width(match.Groups[2].Value)), (scheme, option) => scheme.With(option));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(',', Parts());

    private IEnumerable<string> Parts()
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"W{WeightBits}A{ActivationBits}");
        if (FirstLastBits != 8) yield return string.Create(CultureInfo.InvariantCulture, $"first-last={FirstLastBits}");
        if (Granularity != Granularity.PerChannel) yield return $"{Granularity}";
        if (NarrowWeights) yield return "narrow";
        if (TanhWeights) yield return "tanh";
        if (Clipping != Clipping.Grid) yield return Clipping == Clipping.Learned ? "clip=learned" : "clip=fixed";
        if (SymmetricActivations) yield return "symmetric";
        if (SignedActivations) yield return "signed";
        if (!GradientScale) yield return "no-gradient-scale";
        if (WeightObserver != ObserverKind.MinMax) yield return $"weights={WeightObserver.ShortName()}";
        if (ActivationObserver != ObserverKind.MinMax) yield return $"activations={ActivationObserver.ShortName()}";
    }

    private Scheme With(string option) => option.Split('=') switch
    {
        ["lsq"] => Lsq,
        ["lsq+"] => LsqPlus,
        ["pact"] => Pact,
        ["dorefa"] => DoReFa,
        ["tanh"] => this with { TanhWeights = true },
        ["clip", "learned"] => this with { Clipping = Clipping.Learned },
        ["clip", "fixed"] => this with { Clipping = Clipping.Fixed },
        ["first-last", var bits] => this with { FirstLastBits = Width(bits) },
        ["per-tensor"] => this with { Granularity = Granularity.PerTensor },
        ["per-channel"] => this with { Granularity = Granularity.PerChannel },
        ["group", var size] => this with { Granularity = Granularity.PerGroup(Number(size)) },
        ["narrow"] => this with { NarrowWeights = true },
        ["symmetric"] => this with { SymmetricActivations = true },
        ["signed"] => this with { SignedActivations = true },
        ["no-gradient-scale"] => this with { GradientScale = false },
        ["weights", var observer] => this with { WeightObserver = ObserverKinds.Parse(observer) },
        ["activations", var observer] => this with { ActivationObserver = ObserverKinds.Parse(observer) },
        _ => throw new UserError($"scheme option '{option}': there is no such option; use {Options}"),
    };

    private static int Width(string text) => Grid.Activations(Number(text)).Bits;

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        ? number
        : throw new UserError($"scheme option '{text}': a whole number is expected, e.g. W4A8,group=32");

    [GeneratedRegex(@"^w(\d+)a(\d+)$")]
    private static partial Regex Bits();
}
