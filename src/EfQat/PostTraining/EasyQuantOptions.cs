using EfQat.Quantization;

namespace EfQat.PostTraining;

/// <summary>What <see cref="EasyQuant"/> tries. The defaults are the paper's.</summary>
public sealed record EasyQuantOptions
{
    /// <summary>The paper's settings: both sweeps once, 100 candidates each, products compared.</summary>
    public static EasyQuantOptions Paper { get; } = new();

    /// <summary>
    /// The authors' code: activations start from KL thresholds, only larger thresholds are tried, and outputs are compared with their bias and
    /// behind their ReLU. The authors recommend the paper's settings.
    /// </summary>
    public static EasyQuantOptions OfficialCode { get; } = new()
    {
        WeightRange = new(1, 1, 100) { FromOne = true }, ActivationRange = new(0.8, 1, 200),
        ActivationStart = ObserverKind.KullbackLeibler, AfterRelu = true,
    };

    /// <summary>Tried for the scale of each filter.</summary>
    public ScaleRange WeightRange { get; init; } = new(0.5, 2, 100);

    /// <summary>Tried for the scale of each activation.</summary>
    public ScaleRange ActivationRange { get; init; } = new(0.5, 2, 100);

    /// <summary>
    /// The activation scales to start from; weights start from their largest magnitude. The first sweep fits weights to activations on these scales:
    /// where the maxima are too coarse for few bits, KL thresholds are the better start, which the authors' code has too.
    /// </summary>
    public ObserverKind ActivationStart { get; init; } = ObserverKind.MinMax;

    /// <summary>Outputs are compared with their bias, and behind the ReLU where one follows; else without either.</summary>
    public bool AfterRelu { get; init; }

    /// <summary>Whether weight scales are searched.</summary>
    public bool Weights { get; init; } = true;

    /// <summary>Whether activation scales are searched.</summary>
    public bool Activations { get; init; } = true;

    /// <summary>How often both sweeps are made; each starts from what the one before found.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>The integers of the paper, 127 (INT8) or 63 (INT7) on either side of 0, everywhere; calibration with it gives the start.</summary>
    /// <param name="bits">Of weights and activations, 2–8.</param>
    public Scheme Scheme(int bits) =>
        new(bits, bits) { FirstLastBits = 2, NarrowWeights = true, SignedActivations = true, ActivationObserver = ActivationStart };
}
