using EfQat.Cli.Experiments;
using EfQat.Display;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary>What <c>efqat reproduce easyquant-accuracy</c> found, for a reader.</summary>
static class EasyQuantReport
{
    /// <summary>Both baselines are plain post-training quantization, hence of its colour.</summary>
    static readonly (string Name, Color Color, StyleParam.DrawingStyle Dash)[] Methods =
    [
        ("TRT", MethodColors.Ptq, StyleParam.DrawingStyle.Solid), ("MinMax", MethodColors.Ptq, StyleParam.DrawingStyle.Dot),
        ("EasyQuant", MethodColors.EasyQuant, StyleParam.DrawingStyle.Solid),
    ];

    /// <summary>Cells that differ in their seed only.</summary>
    /// <param name="Bits">FP32 or INT and the width.</param>
    /// <param name="Method">FP32, TRT, MinMax or EasyQuant.</param>
    /// <param name="Variant">Of it.</param>
    /// <param name="Samples">That the search ran on, or else calibration.</param>
    /// <param name="Top1">The mean in percent.</param>
    /// <param name="Deviation">Standard deviation over the seeds; null for one seed.</param>
    /// <param name="DeltaFp32">Points above FP32.</param>
    /// <param name="Angle">1 − cosine with full precision, the mean over layers and test samples, in thousandths.</param>
    /// <param name="SearchSeconds">Mean of the search alone; null without one.</param>
    internal sealed record Row(
        string Bits, string Method, string Variant, int? Samples, double Top1, double? Deviation, double? DeltaFp32, double? Angle, double? SearchSeconds);

    public static List<Row> Rows(IReadOnlyList<EasyQuantRow> results)
    {
        double fp32 = results[0].Results[0].Top1;
        return [.. results.Select(row =>
        {
            var (variant, cells) = row;
            double[] top1 = [.. cells.Select(cell => cell.Top1)];
            bool isFp32 = variant.Options is null, searched = variant.Options is { Rounds: > 0 };
            return new Row(
                variant.Width, variant.Method, variant.Variant, isFp32 ? null : searched ? variant.Samples : variant.Calibration,
                top1.Average(), Statistics.Deviation(top1), isFp32 ? null : top1.Average() - fp32,
                isFp32 ? null : 1e3 * cells.Average(cell => cell.Layers.Average(layer => 1 - layer.Cosine)),
                searched ? cells.Average(cell => cell.SearchSeconds) : null);
        })];
    }

    public static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Bits", r => r.Bits)
        .Column("Method", r => r.Method)
        .Column("Variant", r => r.Variant)
        .Column("Samples", r => r.Samples)
        .Column("Top-1", r => r.Top1, "%", "0.00")
        .Column("±", r => r.Deviation, null, "0.00")
        .Column("Δ FP32", r => r.DeltaFp32, null, "+0.00;-0.00")
        .Column("1 − cos", r => r.Angle, "10⁻³", "0.00")
        .Column("Search", r => r.SearchSeconds, "s", "0.0");

    public static Report Of(ResultTable table, IReadOnlyList<Row> rows, IReadOnlyList<EasyQuantRow> results, EasyQuantGrid grid)
    {
        var report = new Report($"EasyQuant's accuracy, {grid.Task.Model}, {grid.Task.Source}")
            .Lead("Post-training quantization of weights (per output channel) and activations, symmetric, BatchNorm folded, all layers alike. TRT: KL "
                + "thresholds for activations, largest magnitudes for weights. MinMax: largest magnitudes for both, which EasyQuant's search starts from. "
                + $"1 − cos: how far layers' outputs turned away from full precision's. Mean and standard deviation of {grid.Seeds} draws of the samples."
                + (grid.Task is NcnnTask ? " Samples are drawn from every fifth of the pictures; the others are tested." : ""))
            .Table(table)
            .Paragraph("KL thresholds are misled by a value that many elements share, such as a background of one colour: what is clipped joins the last "
                + "bin, where the spike hides it. Where TRT falls far behind MinMax, compare EasyQuant with MinMax. Where "
                + "the maxima are too coarse for few bits, weights are fitted to coarse activations: search from KL thresholds (--from-kl).")
            .Chart(AccuracyByBits(rows, grid), "No weight is trained.");
        foreach (int bits in grid.Bits)
            report.Chart(AngleByLayer(results, bits), "Lower is nearer to full precision. Layers in their order, on the first test samples, at most 200.");
        return report.OnThisMachine();
    }

    /// <summary>Top-1 of each method over the width.</summary>
    public static GenericChart AccuracyByBits(IReadOnlyList<Row> rows, EasyQuantGrid grid)
    {
        int[] widths = [.. grid.Bits.Order()];
        double Top1(string method, int bits) => rows.First(row => row.Bits == $"INT{bits}" && row.Method == method).Top1;
        var fp32 = Chart.Line<int, double, string>(
            x: [widths[0], widths[^1]], y: [rows[0].Top1, rows[0].Top1], Name: "FP32", LineColor: MethodColors.Fp32, LineDash: StyleParam.DrawingStyle.Dash);
        return Chart.Combine([fp32, .. Methods.Select(method => Line(method, widths, widths.Select(bits => Top1(method.Name, bits))))])
            .WithTitle("Accuracy over the width")
            .WithXAxisStyle<int, int, string>("Bits of weights and activations").WithYAxisStyle<double, double, string>("Top-1, %");
    }

    static GenericChart AngleByLayer(IReadOnlyList<EasyQuantRow> results, int bits)
    {
        var cells = Methods.Select(method => results.First(row => row.Variant.Method == method.Name && row.Variant.Bits == bits).Results).ToArray();
        string[] layers = [.. cells[0][0].Layers.Select(layer => layer.Layer)];
        return Chart.Combine(Methods.Zip(cells, (method, seeds) =>
                Line(method, layers, layers.Select((_, i) => seeds.Average(cell => 1 - cell.Layers[i].Cosine)))))
            .WithTitle($"INT{bits}: 1 − cosine of each layer's output").WithYAxisStyle<double, double, string>("1 − cos", StyleParam.AxisType.Log);
    }

    static GenericChart Line<T>((string Name, Color Color, StyleParam.DrawingStyle Dash) method, IEnumerable<T> x, IEnumerable<double> y) =>
        Chart.Line<T, double, string>(
            x: x, y: y, ShowMarkers: true, Name: method.Name, LineColor: method.Color, MarkerColor: method.Color, LineDash: method.Dash);
}
