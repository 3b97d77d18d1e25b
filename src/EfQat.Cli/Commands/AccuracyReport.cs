using EfQat.Cli.Experiments;
using EfQat.Display;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary>What <c>efqat reproduce efqat-accuracy</c> found, for a reader.</summary>
static class AccuracyReport
{
    /// <summary>Cells that differ in their seed only.</summary>
    /// <param name="Bits">FP32 or the scheme.</param>
    /// <param name="Method">FP32, PTQ, EfQAT's mode or QAT.</param>
    /// <param name="Ratio">Share of blocks updated.</param>
    /// <param name="Top1">The mean in percent.</param>
    /// <param name="Deviation">Standard deviation over the seeds; null for one seed.</param>
    /// <param name="Seeds">How many.</param>
    /// <param name="DeltaFp32">Points above FP32.</param>
    /// <param name="Recovered">The share of what PTQ lost that training won back, in percent; null where PTQ lost nothing.</param>
    /// <param name="WeightsUpdated">Share of all weights in percent.</param>
    internal sealed record Row(
        string Bits, string Method, double? Ratio, double Top1, double? Deviation, int Seeds, double? DeltaFp32, double? Recovered, double? WeightsUpdated);

    public static List<Row> Rows(IReadOnlyList<Cell<AccuracyKey, Accuracy>> cells)
    {
        double fp32 = cells[0].Result.Top1;
        var ptq = cells.Where(cell => cell.Key.Method == "PTQ").GroupBy(cell => cell.Key.Scheme).ToDictionary(g => g.Key, g => g.Average(cell => cell.Result.Top1));
        return [.. cells.GroupBy(cell => (cell.Key.Scheme, cell.Key.Method, cell.Key.Ratio)).OrderBy(g => Order(g.Key.Scheme)).Select(group =>
        {
            var (scheme, method, ratio) = group.Key;
            double[] top1 = [.. group.Select(cell => cell.Result.Top1)];
            double mean = top1.Average();
            bool trained = ratio is not null;
            return new Row(
                scheme, method, ratio, mean, Statistics.Deviation(top1), top1.Length, method == "FP32" ? null : mean - fp32,
                trained && ptq[scheme] < fp32 ? 100 * (mean - ptq[scheme]) / (fp32 - ptq[scheme]) : null, group.Average(cell => cell.Result.WeightsUpdated));
        })];

        int Order(string scheme) => cells.ToList().FindIndex(cell => cell.Key.Scheme == scheme);
    }

    public static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Bits", r => r.Bits)
        .Column("Method", r => r.Method)
        .Column("Ratio", r => r.Ratio, null, "0 %")
        .Column("Top-1", r => r.Top1, "%", "0.00")
        .Column("±", r => r.Deviation, null, "0.00")
        .Column("Seeds", r => r.Seeds)
        .Column("Δ FP32", r => r.DeltaFp32, null, "+0.00;-0.00")
        .Column("Recovered", r => r.Recovered, "%", "0")
        .Column("Weights", r => r.WeightsUpdated, "%", "0.0");

    public static Report Of(ResultTable table, IReadOnlyList<Row> rows, AccuracyGrid grid)
    {
        var report = new Report($"EfQAT's accuracy, {grid.Task.Model}, {grid.Task.Source}")
            .Lead($"Post-training quantization (PTQ), then one pass over {grid.Samples:N0} samples that trains the chosen blocks only; mean and standard "
                + $"deviation of {grid.Seeds} seeds. Recovered: the share of PTQ's loss that training won back. Weights: the share that is updated.")
            .Table(table);
        foreach (var (_, chart) in Charts(rows))
            report.Chart(chart, "Ratio 0 trains scales, biases and norms only; ratio 1 is QAT.");
        return report.Fact("Learning rates", $"{grid.Training.LearningRate} ({grid.Training.WeightRule}) and {grid.Training.ScaleLearningRate} (scales)").OnThisMachine();
    }

    /// <summary>A chart for each bit width: accuracy over the ratio, every mode from the same 0 % to the same 100 %.</summary>
    public static IEnumerable<(string Bits, GenericChart Chart)> Charts(IReadOnlyList<Row> rows) =>
        rows.Skip(1).GroupBy(row => row.Bits).Select(group => (group.Key, AccuracyByRatio(group.Key, rows[0].Top1, [.. group])));

    static GenericChart AccuracyByRatio(string bits, double fp32, IReadOnlyList<Row> rows)
    {
        GenericChart Level(string name, double top1) => Chart.Line<double, double, string>(
            x: [0, 100], y: [top1, top1], Name: name, LineColor: MethodColors.Of(name), LineDash: StyleParam.DrawingStyle.Dash);
        double Of(string method) => rows.Single(row => row.Method == method).Top1;
        var modes = rows.Where(row => row.Method.StartsWith("EfQAT-", StringComparison.Ordinal)).GroupBy(row => row.Method).Select(mode =>
            Chart.Line<double, double, string>(
                x: [0, .. mode.Select(row => 100 * row.Ratio!.Value), 100], y: [Of("EfQAT"), .. mode.Select(row => row.Top1), Of("QAT")],
                ShowMarkers: true, Name: mode.Key, LineColor: MethodColors.Of(mode.Key), MarkerColor: MethodColors.Of(mode.Key)));
        return Chart.Combine([Level("FP32", fp32), Level("PTQ", Of("PTQ")), Level("QAT", Of("QAT")), .. modes])
            .WithTitle($"{bits}: accuracy over the share of blocks that are trained")
            .WithXAxisStyle<double, double, string>("Blocks updated, %").WithYAxisStyle<double, double, string>("Top-1, %");
    }
}
