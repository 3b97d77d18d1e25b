namespace EfQat.Display;

/// <summary>One fixed colour a method, the same in every chart, readable on white and on dark paper.</summary>
public static class MethodColors
{
    /// <summary>Full precision: grey.</summary>
    public static readonly Color Fp32 = Color.fromHex("#8b9099");

    /// <summary>Post-training quantization: orange.</summary>
    public static readonly Color Ptq = Color.fromHex("#e0892f");

    /// <summary>Quantization-aware training of all weights: blue.</summary>
    public static readonly Color Qat = Color.fromHex("#3f7fd1");

    /// <summary>EfQAT, channel-wise per layer: deep green.</summary>
    public static readonly Color Cwpl = Color.fromHex("#1e8f5a");

    /// <summary>EfQAT, channel-wise per network: light green.</summary>
    public static readonly Color Cwpn = Color.fromHex("#57b894");

    /// <summary>EfQAT, layer-wise per network: yellow green.</summary>
    public static readonly Color Lwpn = Color.fromHex("#9bb83b");

    /// <summary>EasyQuant: purple.</summary>
    public static readonly Color EasyQuant = Color.fromHex("#8a63c9");

    /// <summary>Block-wise replacement and distillation: red.</summary>
    public static readonly Color Bwrf = Color.fromHex("#d1495b");

    static readonly (string Name, Color Color)[] Methods =
    [
        ("FP32", Fp32), ("PTQ", Ptq), ("QAT", Qat), ("EfQAT-CWPL", Cwpl), ("EfQAT-CWPN", Cwpn), ("EfQAT-LWPN", Lwpn),
        ("CWPL", Cwpl), ("CWPN", Cwpn), ("LWPN", Lwpn), ("EasyQuant", EasyQuant), ("BWRF", Bwrf),
    ];

    /// <summary>The colour of a method given by name; what follows the name ("EfQAT-CWPN 10 %") does not matter.</summary>
    /// <exception cref="ArgumentException">The name starts with none of the methods.</exception>
    public static Color Of(string method)
    {
        foreach (var (name, color) in Methods)
            if (method.StartsWith(name, StringComparison.OrdinalIgnoreCase))
                return color;
        throw new ArgumentException(
            $"no colour for method '{method}'; known: {string.Join(", ", Methods.Select(m => m.Name))}", nameof(method));
    }
}
