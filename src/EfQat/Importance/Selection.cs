using EfQat.Backward;

namespace EfQat.Importance;

/// <summary>Chooses the unfrozen rows of every layer from the importances of its output channels.</summary>
public static class Selection
{
    /// <param name="weights">The layers' weights, or what else ranks them (<see cref="ImportanceMetric"/>), in the network's order. // each [out, …]</param>
    /// <param name="mode">What is ranked against what.</param>
    /// <param name="ratio">The share of the blocks to update, 0…1. Of n blocks round(ratio·n) are unfrozen, and at least one where ratio &gt; 0.</param>
    /// <returns>One set per layer. Equal importances are taken in the network's order.</returns>
    public static IReadOnlyList<RowSet> Choose(IReadOnlyList<Tensor> weights, FreezingMode mode, double ratio)
    {
        if (double.IsNaN(ratio) || ratio is < 0 or > 1)
            throw new UserError($"ratio {ratio}: the share of blocks to update lies between 0 and 1");

        return mode switch
        {
            FreezingMode.ChannelWisePerLayer =>
                [.. weights.Select(weight => RowSet.Of(weight.shape[0], Top(BlockImportance.OfChannels(weight), ratio)))],
            FreezingMode.ChannelWisePerNetwork => PerNetwork(weights, ratio),
            FreezingMode.LayerWisePerNetwork => PerLayer(weights, ratio),
            _ => throw new ArgumentOutOfRangeException(nameof(mode)),
        };
    }

    private static IReadOnlyList<RowSet> PerNetwork(IReadOnlyList<Tensor> weights, double ratio)
    {
        var channels = weights
            .SelectMany((weight, layer) => BlockImportance.OfChannels(weight).Select((importance, row) => (layer, row: (long)row, importance)))
            .ToArray();
        var chosen = Top([.. channels.Select(channel => channel.importance)], ratio).ToLookup(i => channels[i].layer, i => channels[i].row);
        return [.. weights.Select((weight, layer) => RowSet.Of(weight.shape[0], chosen[layer]))];
    }

    private static IReadOnlyList<RowSet> PerLayer(IReadOnlyList<Tensor> weights, double ratio)
    {
        var chosen = Top([.. weights.Select(BlockImportance.OfLayer)], ratio).ToHashSet();
        return [.. weights.Select((weight, layer) => chosen.Contains(layer) ? RowSet.All(weight.shape[0]) : RowSet.None(weight.shape[0]))];
    }

    private static IEnumerable<long> Top(float[] importances, double ratio)
    {
        int count = ratio == 0 ? 0 : Math.Max(1, (int)Math.Round(ratio * importances.Length));
        return Enumerable.Range(0, importances.Length).OrderByDescending(i => importances[i]).Take(count).Select(i => (long)i);
    }
}
