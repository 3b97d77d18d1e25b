using EfQat.Backward;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>
/// A layer with a weight: fake-quantized per output channel with a learned scale (LSQ), of which only the unfrozen rows are trained (EfQAT).
/// <para>
/// While some rows are frozen, the unfrozen ones live in a leaf of their own, <see cref="TrainedWeight"/>, so that autograd, gradient
/// clipping and any optimizer see only these. Ŵ of the frozen rows is computed once, when the rows are chosen: neither they nor their scales move.
/// </para>
/// </summary>
public abstract class QuantizedLayer : nn.Module<Tensor, Tensor>
{
    private readonly Grid grid;
    private PartialRows? partial;

    /// <summary>All rows. While some are frozen the unfrozen ones are as of the last <see cref="Commit"/>. // [out, …]</summary>
    protected readonly Parameter weight;

    /// <summary>log of the scale of each output channel: the scale is positive whatever the gradient. // [out]</summary>
    protected readonly Parameter log_scale;

    /// <summary>Or null. // [out]</summary>
    protected readonly Parameter? bias;

    /// <summary>Quantizes an input that arrives as floats; null where every input is on a grid already.</summary>
    protected FakeQuantize? input;

    /// <summary>Takes over the parameters of a float layer.</summary>
    protected QuantizedLayer(string name, Parameter weight, Parameter? bias, Grid grid, FakeQuantize? input) : base(name)
    {
        this.grid = grid;
        this.weight = weight;
        this.bias = bias;
        this.input = input;
        log_scale = new Parameter(zeros(weight.shape[0], device: weight.device));
        Rows = RowSet.All(weight.shape[0]);
        RegisterComponents();
    }

    /// <summary>False: weights and inputs pass as they are, and the layer equals its float origin exactly.</summary>
    public bool Quantizing { get; set; }

    /// <summary>The weight's grid.</summary>
    public Grid WeightGrid => grid;

    /// <summary>The rows being trained; all of them unless <see cref="Freeze"/> said otherwise.</summary>
    public RowSet Rows { get; private set; }

    /// <summary>The rows' indices where some but not all are unfrozen, else null. // [R], int64</summary>
    public Tensor? RowIndex => partial?.Index;

    /// <summary>What an optimizer updates: the unfrozen rows, or null in a frozen layer. // [R, …]</summary>
    public Parameter? TrainedWeight => Rows.IsAll ? weight : partial?.Weight;

    /// <summary>log-scales of the unfrozen rows, or null. // [R]</summary>
    public Parameter? TrainedLogScale => Rows.IsAll ? log_scale : partial?.LogScale;

    /// <summary>Weights in this layer.</summary>
    public long WeightCount => weight.numel();

    /// <summary>The layer's weight, complete. // [out, …]</summary>
    public Tensor CompleteWeight
    {
        get
        {
            Commit();
            return weight;
        }
    }

    /// <summary>The weight as the integers an inference engine would store.</summary>
    public QuantizedTensor Integers
    {
        get
        {
            Commit();
            return QuantizedTensor.OfRows(weight, LogScale.Exp(log_scale), grid);
        }
    }

    /// <summary>The quantizer of the layer's input, where it has one of its own.</summary>
    public FakeQuantize? Input => input;

    /// <summary>Sets every channel's scale from its largest magnitude, or as the observer says.</summary>
    public void CalibrateWeight(ObserverKind observer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        log_scale.copy_(WeightScales.Observe(weight, grid, observer).log());
        Refresh();
    }

    /// <summary>The quantizer of an input that never arrived as floats is dropped.</summary>
    public void DropUnusedInput()
    {
        if (input is not { HasObserved: false } unused) return;
        register_module(nameof(input), null!);
        input = null;
        unused.Dispose();
    }

    /// <summary>Chooses the rows to train from now on.</summary>
    public void Freeze(RowSet rows)
    {
        if (rows.Total != weight.shape[0])
            throw new ArgumentException($"{rows.Total} rows for a layer of {weight.shape[0]} output channels", nameof(rows));
        Commit();
        partial?.Dispose();
        Rows = rows;
        partial = rows.IsAll ? null : new PartialRows(weight, log_scale, rows, FakeQuantizedWeight);
        weight.requires_grad = log_scale.requires_grad = rows.IsAll;
        if (!rows.IsAll) weight.grad = log_scale.grad = null;
    }

    /// <summary>Writes the unfrozen rows back, so that the registered parameters are complete.</summary>
    public void Commit() => partial?.WriteTo(weight, log_scale);

    /// <summary>Computes Ŵ of frozen rows anew, after the registered parameters were written from outside.</summary>
    public void Refresh()
    {
        if (partial is null) return;
        partial.Dispose();
        partial = new PartialRows(weight, log_scale, Rows, FakeQuantizedWeight);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        if (input is not null && GridTag.Of(x) is null)
            x = input.call(x);
        if (!Quantizing)
            return Compute(x, CompleteWeight, RowSet.All(Rows.Total), weight);
        if (partial is null)
        {
            var quantized = FakeQuantizedWeight(weight, log_scale);
            return Compute(x, quantized.detach(), Rows, quantized);
        }
        var unfrozen = partial.UpdateQuantized(FakeQuantizedWeight);
        return Compute(x, partial.Quantized, Rows, unfrozen);
    }

    /// <summary>The layer's product.</summary>
    /// <param name="x">Quantized input.</param>
    /// <param name="weight">Ŵ, values only. // [out, …]</param>
    /// <param name="rows">The unfrozen rows.</param>
    /// <param name="unfrozen">Ŵ[rows] with its graph, or null. // [R, …]</param>
    protected abstract Tensor Compute(Tensor x, Tensor weight, RowSet rows, Tensor? unfrozen);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) partial?.Dispose();
        base.Dispose(disposing);
    }

    private Tensor FakeQuantizedWeight(Tensor rows, Tensor logScale) => FakeQuantizeRows.Apply(rows, logScale, grid);

    /// <summary>The unfrozen rows as leaves, and Ŵ of the whole layer.</summary>
    private sealed class PartialRows : IDisposable
    {
        public PartialRows(Tensor weight, Tensor logScale, RowSet rows, Func<Tensor, Tensor, Tensor> quantize)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            Quantized = quantize(weight, logScale).DetachFromDisposeScope();
            if (rows.IsNone) return;
            Index = rows.ToTensor(weight.device).DetachFromDisposeScope();
            Weight = Leaf(weight.index_select(0, Index));
            LogScale = Leaf(logScale.index_select(0, Index));
        }

        public Tensor? Index { get; }
        public Parameter? Weight { get; }
        public Parameter? LogScale { get; }
        public Tensor Quantized { get; }

        public Tensor? UpdateQuantized(Func<Tensor, Tensor, Tensor> quantize)
        {
            if (Weight is null) return null;
            var unfrozen = quantize(Weight, LogScale!);
            using (no_grad())
                Quantized.index_copy_(0, Index!, unfrozen);
            return unfrozen;
        }

        public void WriteTo(Tensor weight, Tensor logScale)
        {
            if (Weight is null) return;
            using var off = no_grad();
            weight.index_copy_(0, Index!, Weight);
            logScale.index_copy_(0, Index!, LogScale!);
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
}
