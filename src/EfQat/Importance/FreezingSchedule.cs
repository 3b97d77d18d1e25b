using EfQat.Backward;
using EfQat.Quantization;

namespace EfQat.Importance;

/// <summary>Chooses the unfrozen rows of every layer, and again every so many training samples (EfQAT's freezing frequency).</summary>
/// <param name="layers">The quantized layers, in the network's order.</param>
/// <param name="mode">CWPL, CWPN or LWPN.</param>
/// <param name="ratio">The share of the blocks to update, 0…1; 1 is ordinary QAT.</param>
/// <param name="frequency">Training samples from one choice to the next; 4096 by default [ours].</param>
/// <param name="importance">What ranks the layers' blocks, a tensor each; null: their weights.</param>
public sealed class FreezingSchedule(
    IReadOnlyList<QuantizedLayer> layers, FreezingMode mode, double ratio, long frequency = 4096, Func<IReadOnlyList<Tensor>>? importance = null)
{
    private readonly long frequency = frequency > 0
        ? frequency
        : throw new UserError($"frequency {frequency}: rows are chosen anew every so many training samples, at least 1; use for instance 4096");

    /// <summary>The sample count at which the present rows were chosen; −1 before the first choice.</summary>
    public long ChosenAt { get; private set; } = -1;

    /// <summary>Told each choice, 1 for an unfrozen row, and may overwrite it: several workers take that of the first. // [rows of all layers], int64</summary>
    public Action<Tensor>? Agree { get; set; }

    /// <summary>Weights being updated, as a share of all weights of the layers.</summary>
    public double UpdatedShare =>
        layers.Sum(layer => (double)layer.WeightCount * layer.Rows.Count / layer.Rows.Total) / layers.Sum(layer => layer.WeightCount);

    /// <summary>Chooses anew where it is due. Returns whether it did.</summary>
    public bool Step(long samplesSeen)
    {
        long due = samplesSeen / frequency * frequency;
        if (due == ChosenAt) return false;
        Restore(due, Choose());
        return true;
    }

    private IReadOnlyList<RowSet> Choose()
    {
        using var scope = NewDisposeScope();
        var rows = Selection.Choose(importance?.Invoke() ?? [.. layers.Select(layer => layer.CompleteWeight)], mode, ratio);
        return Agree is null ? rows : Agreed(rows, Agree);
    }

    private static IReadOnlyList<RowSet> Agreed(IReadOnlyList<RowSet> rows, Action<Tensor> agree)
    {
        static IEnumerable<long> All(RowSet set) => Enumerable.Range(0, (int)set.Total).Select(row => (long)row);
        var choice = tensor(rows.SelectMany(set => All(set).Select(row => Array.BinarySearch(set.Indices, row) >= 0 ? 1L : 0)).ToArray());
        agree(choice);
        var left = new Queue<long>(choice.data<long>().ToArray());
        return [.. rows.Select(set => RowSet.Of(set.Total, [.. All(set).Where(_ => left.Dequeue() == 1)]))];
    }

    /// <summary>Goes on with rows chosen earlier.</summary>
    public void Restore(long chosenAt, IReadOnlyList<RowSet> rows)
    {
        foreach (var (layer, chosen) in layers.Zip(rows)) layer.Freeze(chosen);
        ChosenAt = chosenAt;
    }
}
