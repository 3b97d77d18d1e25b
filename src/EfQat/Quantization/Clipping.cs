namespace EfQat.Quantization;

/// <summary>Where the output of a ReLU is clipped before it is rounded.</summary>
public enum Clipping
{
    /// <summary>At the ends of its grid, whose scale and zero point are learned (LSQ, LSQ+).</summary>
    Grid,

    /// <summary>At α, which is learned (PACT, arXiv 1805.06085). "clip=learned"</summary>
    Learned,

    /// <summary>At what calibration found (DoReFa, arXiv 1606.06160, which clips at 1). "clip=fixed"</summary>
    Fixed,
}
