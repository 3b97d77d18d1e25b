using EfQat.Cli.Experiments;
using EfQat.Display;
using EfQat.Training;
using Results = System.Collections.Generic.IReadOnlyList<(EfQat.Cli.Experiments.EasyQuantVariant Variant, System.Collections.Generic.List<EfQat.Cli.Experiments.EasyQuantResult> Results)>;

namespace EfQat.Cli.Commands;

/// <summary>What <c>efqat reproduce easyquant-accuracy</c> found, for a reader.</summary>
static class EasyQuantReport
{
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

    public static List<Row> Rows(Results results)
    {
        double fp32 = results[0].Results[0].Top1;
        return [.. results.Select(row =>
        {
            var (variant, cells) = row;
            double[] top1 = [.. cells.Select(cell => cell.Top1)];
            bool isFp32 = variant.Options is null, searched = variant.Options is { Rounds: > 0 };
            return new Row(
                isFp32 ? "FP32" : $"INT{variant.Bits}", variant.Method, variant.Variant, isFp32 ? null : searched ? variant.Samples : variant.Calibration,
                top1.Average(), Statistics.Deviation(top1), isFp32 ? null : top1.Average() - fp32,
                isFp32 ? null : 1e3 * cells.Average(cell => cell.Layers.Average(layer => 1 - layer.Cosine)), searched ? cells.Average(cell => cell.SearchSeconds) : null);
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

    public static Report Of(ResultTable table, IReadOnlyList<Row> rows, Results results, EasyQuantGrid grid)
    {
        var report = new Report($"EasyQuant's accuracy, {grid.Task.Model}, {grid.Task.Source}")
            .Lead("Post-training quantization of weights (per output channel) and activations, symmetric, BatchNorm folded, all layers alike. TRT: KL thresholds for "
                + "activations, largest magnitudes for weights. MinMax: largest magnitudes for both, which EasyQuant's search starts from. "
                + $"1 − cos: how far layers' outputs turned away from full precision's. Mean and standard deviation of {grid.Seeds} draws of the samples.")
            .Table(table)
            .Chart(AccuracyByBits(rows, grid), "Without any training.");
        foreach (int bits in grid.Bits)
            report.Chart(AngleByLayer(results, bits), "Lower is nearer to full precision; the layers in their order, on test samples that nobody calibrated on.");
        return report.OnThisMachine();
    }

    /// <summary>Top-1 of each method over the width.</summary>
    public static GenericChart AccuracyByBits(IReadOnlyList<Row> rows, EasyQuantGrid grid)
    {
        int[] widths = [.. grid.Bits.Order()];
        GenericChart Method(string method, string variant, Color color) => Chart.Line<int, double, string>(
            x: widths, y: widths.Select(bits => rows.First(row => row.Bits == $"INT{bits}" && row.Method == method && row.Variant == variant).Top1),
            ShowMarkers: true, Name: method, LineColor: color, MarkerColor: color);
        return Chart.Combine(
            [
                Chart.Line<int, double, string>(
                    x: [widths[0], widths[^1]], y: [rows[0].Top1, rows[0].Top1], Name: "FP32", LineColor: MethodColors.Fp32, LineDash: StyleParam.DrawingStyle.Dash),
                Method("TRT", "KL thresholds", MethodColors.Ptq), Method("MinMax", "EasyQuant's start", Color.fromHex("#c9a227")), Method("EasyQuant", "paper", MethodColors.EasyQuant),
            ])
            .WithTitle("Accuracy over the width").WithXAxisStyle<int, int, string>("Bits of weights and activations").WithYAxisStyle<double, double, string>("Top-1, %");
    }

    static GenericChart AngleByLayer(Results results, int bits)
    {
        GenericChart Method(string method, Color color)
        {
            var cells = results.First(row => row.Variant.Method == method && row.Variant.Bits == bits).Results;
            string[] layers = [.. cells[0].Layers.Select(layer => layer.Layer)];
            return Chart.Line<string, double, string>(
                x: layers, y: layers.Select((_, i) => cells.Average(cell => 1 - cell.Layers[i].Cosine)), ShowMarkers: true, Name: method, LineColor: color, MarkerColor: color);
        }
        return Chart.Combine([Method("TRT", MethodColors.Ptq), Method("MinMax", Color.fromHex("#c9a227")), Method("EasyQuant", MethodColors.EasyQuant)])
            .WithTitle($"INT{bits}: 1 − cosine of each layer's output").WithYAxisStyle<double, double, string>("1 − cos", StyleParam.AxisType.Log);
    }
}
