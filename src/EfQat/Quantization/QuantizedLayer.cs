using EfQat.Backward;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>
/// A layer with a weight: fake-quantized with learned scales (LSQ), of which only the unfrozen rows are trained (EfQAT).
/// <para>
/// While some rows are frozen, the unfrozen ones live in a leaf of their own, <see cref="TrainedWeight"/>, so that autograd, gradient
/// clipping and any optimizer see only these. Ŵ of the frozen rows is computed once, when the rows are chosen: neither they nor their scales move.
/// A scale that the whole tensor shares is trained only while no row of it is frozen.
/// </para>
/// </summary>
public abstract class QuantizedLayer : nn.Module<Tensor, Tensor>
{
    private readonly bool gradientScale;
    private PartialRows? partial;

    /// <summary>All rows. While some are frozen the unfrozen ones are as of the last <see cref="Commit"/>. // [out, …]</summary>
    protected readonly Parameter weight;

    /// <summary>Logarithms of the scales: a scale is positive whatever the gradient. // [out], [out, groups] or [1]</summary>
    protected readonly Parameter log_scale;

    /// <summary>Or null. // [out]</summary>
    protected readonly Parameter? bias;

    /// <summary>Quantizes an input that arrives as floats; null where every input is on a grid already.</summary>
    protected readonly FakeQuantize? input;

    /// <summary>Takes over the parameters of a float layer.</summary>
    protected QuantizedLayer(
        string name, Parameter weight, Parameter? bias, Grid grid, FakeQuantize? input, Granularity granularity, bool gradientScale) : base(name)
    {
        (WeightGrid, Granularity, this.gradientScale) = (grid, granularity, gradientScale);
        this.weight = weight;
        this.bias = bias;
        this.input = input;
        log_scale = new Parameter(zeros(granularity.Scales(weight.shape), device: weight.device));
        Rows = RowSet.All(weight.shape[0]);
        RegisterComponents();
    }

    /// <summary>False: weights and inputs pass as they are, and the layer equals its float origin exactly.</summary>
    public bool Quantizing { get; set; }

    /// <summary>The weight is quantized by DoReFa's rule, with a scale that is not learned; its grid has one bit more, for odd integers.</summary>
    public bool TanhWeights { get; init; }

    /// <summary>The weight's grid.</summary>
    public Grid WeightGrid { get; }

    /// <summary>How many weights share a scale.</summary>
    public Granularity Granularity { get; }

    /// <summary>The rows being trained; all of them unless <see cref="Freeze"/> said otherwise.</summary>
    public RowSet Rows { get; private set; }

    /// <summary>The rows' indices where some but not all are unfrozen, else null. // [R], int64</summary>
    public Tensor? RowIndex => partial?.Index;

    /// <summary>What an optimizer updates: the unfrozen rows, or null in a frozen layer. // [R, …]</summary>
    public Parameter? TrainedWeight => Rows.IsAll ? weight : partial?.Weight;

    /// <summary>Logarithms of the scales of the unfrozen rows, or null. // [R], [R, groups] or [1]</summary>
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
            using var off = no_grad();
            return QuantizedTensor.OfWeight(TanhWeights ? FakeQuantizedWeight(weight, log_scale) : weight, LogScale.Exp(log_scale), WeightGrid);
        }
    }

    /// <summary>The quantizer of the layer's input, where it has one of its own.</summary>
    public FakeQuantize? Input => input;

    /// <summary>Added to the layer's product, or null. // [out]</summary>
    public Tensor? Bias => bias;

    /// <summary>Told the input, on its grid, before it is used.</summary>
    internal Action<Tensor>? Arriving { get; set; }

    /// <summary>Sets every scale as an observer of its weights says.</summary>
    public void CalibrateWeight(ObserverKind observer)
    {
        using var scope = NewDisposeScope();
        SetScales(TanhWeights ? DoReFa.Scale(weight, WeightGrid) : WeightScales.Observe(weight, WeightGrid, observer, Granularity));
    }

    /// <summary>Sets every scale of the weight.</summary>
    /// <param name="scales">All positive. // [out], [out, groups] or [1]</param>
    public void SetScales(Tensor scales)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        log_scale.copy_(scales.log());
        Refresh();
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
        Arriving?.Invoke(x);
        if (!Quantizing)
            return Float(x, CompleteWeight);
        if (partial is null)
        {
            var quantized = FakeQuantizedWeight(weight, log_scale);
            SavedBytes.Add(SavedBytes.Kind.Weights, quantized);
            return Compute(x, quantized.detach(), Rows, quantized);
        }
        var unfrozen = partial.UpdateQuantized(FakeQuantizedWeight);
        return Compute(x, partial.Quantized, Rows, unfrozen);
    }

    /// <summary>What the layer was before it was quantized.</summary>
    /// <param name="x">Input.</param>
    /// <param name="weight">// [out, …]</param>
    protected abstract Tensor Float(Tensor x, Tensor weight);

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

    private Tensor FakeQuantizedWeight(Tensor rows, Tensor logScale) => TanhWeights
        ? DoReFa.FakeQuantize(rows, weight, LogScale.Exp(logScale.detach()), WeightGrid)
        : FakeQuantizeRows.Apply(rows, logScale, WeightGrid, gradientScale);
}
