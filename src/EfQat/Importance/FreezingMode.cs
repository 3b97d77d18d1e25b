namespace EfQat.Importance;

/// <summary>Which blocks of weights EfQAT ranks against which (arXiv 2411.11038).</summary>
public enum FreezingMode
{
    /// <summary>CWPL, channel-wise per layer: the top share of the output channels inside every layer.</summary>
    ChannelWisePerLayer,

    /// <summary>CWPN, channel-wise per network: one ranking over the output channels of the whole network.</summary>
    ChannelWisePerNetwork,

    /// <summary>LWPN, layer-wise per network: whole layers are ranked; a frozen layer computes no weight gradient.</summary>
    LayerWisePerNetwork,
}

/// <summary>The paper's short names.</summary>
public static class FreezingModes
{
    /// <summary>CWPL, CWPN or LWPN.</summary>
    public static string ShortName(this FreezingMode mode) => mode switch
    {
        FreezingMode.ChannelWisePerLayer => "CWPL",
        FreezingMode.ChannelWisePerNetwork => "CWPN",
        FreezingMode.LayerWisePerNetwork => "LWPN",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "no such freezing mode"),
    };

    /// <summary>The mode of a short name, in any case.</summary>
    /// <exception cref="UserError">There is no such mode.</exception>
    public static FreezingMode Parse(string name) =>
        Enum.GetValues<FreezingMode>().Cast<FreezingMode?>().FirstOrDefault(mode => mode!.Value.ShortName().Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new UserError($"mode '{name}': there is no such freezing mode; use CWPL, CWPN or LWPN");
}
