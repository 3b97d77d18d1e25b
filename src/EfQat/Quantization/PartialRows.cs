using EfQat.Backward;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>The unfrozen rows as leaves, and Ŵ of the whole layer.</summary>
internal sealed class PartialRows : IDisposable
{
    private readonly Tensor? shared;

    public PartialRows(Tensor weight, Tensor logScale, RowSet rows, Func<Tensor, Tensor, Tensor> quantize)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Quantized = quantize(weight, logScale).DetachFromDisposeScope();
        if (rows.IsNone) return;
        Index = rows.ToTensor(weight.device).DetachFromDisposeScope();
        Weight = Leaf(weight.index_select(0, Index));
        if (logScale.shape[0] == rows.Total) LogScale = Leaf(logScale.index_select(0, Index));
        else shared = logScale;
    }

    public Tensor? Index { get; }
    public Parameter? Weight { get; }
    public Parameter? LogScale { get; }
    public Tensor Quantized { get; }

    public Tensor? UpdateQuantized(Func<Tensor, Tensor, Tensor> quantize)
    {
        if (Weight is null) return null;
        var unfrozen = quantize(Weight, LogScale ?? shared!);
        using (no_grad())
            Quantized.index_copy_(0, Index!, unfrozen);
        return unfrozen;
    }

    public void WriteTo(Tensor weight, Tensor logScale)
    {
        if (Weight is null) return;
        using var off = no_grad();
        weight.index_copy_(0, Index!, Weight);
        if (LogScale is not null) logScale.index_copy_(0, Index!, LogScale);
    }

    public void Dispose()
    {
        Quantized.Dispose();
        Index?.Dispose();
        Weight?.Dispose();
        LogScale?.Dispose();
    }

    private static Parameter Leaf(Tensor rows)
    {
        var leaf = new Parameter(rows);
        leaf.DetachFromDisposeScope();
        return leaf;
    }
}
