using EfQat.Cli.Experiments;
using EfQat.Display;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary>What <c>efqat reproduce easyquant-accuracy --compare</c> found, for a reader.</summary>
static class EasyQuantComparisonReport
{
    /// <summary>Cells that differ in their seed only.</summary>
    /// <param name="Bits">FP32 or INT and the width.</param>
    /// <param name="Method">FP32, MinMax, EasyQuant, EfQAT with the share of weights that it trains, or QAT.</param>
    /// <param name="Times">The search's time, so many times; null where no time is spent.</param>
    /// <param name="Seconds">Mean.</param>
    /// <param name="Steps">Mean; null without training.</param>
    /// <param name="Top1">Mean in percent.</param>
    /// <param name="Deviation">Standard deviation over the seeds; null for one seed.</param>
    /// <param name="DeltaFp32">Points above FP32.</param>
    internal sealed record Row(
        string Bits, string Method, double? Times, double Seconds, double? Steps, double Top1, double? Deviation, double? DeltaFp32);

    public static List<Row> Rows(IReadOnlyList<Cell<ComparisonKey, ComparisonResult>> cells)
    {
        double fp32 = cells[0].Result.Top1;
        return [.. cells.GroupBy(cell => (cell.Key.Bits, cell.Key.Method, cell.Key.Times)).Select(group =>
        {
            double[] top1 = [.. group.Select(cell => cell.Result.Top1)];
            var (bits, method, times) = group.Key;
            return new Row(
                bits == 32 ? method : $"INT{bits}", method, times == 0 ? null : times, group.Average(cell => cell.Result.Seconds),
                group.First().Key.Training is null ? null : group.Average(cell => cell.Result.Steps), top1.Average(), Statistics.Deviation(top1),
                bits == 32 ? null : top1.Average() - fp32);
        })];
    }

    public static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Bits", r => r.Bits)
        .Column("Method", r => r.Method)
        .Column("Time / search", r => r.Times, "×", "0")
        .Column("Time", r => r.Seconds, "s", "0.0")
        .Column("Steps", r => r.Steps, null, "0")
        .Column("Top-1", r => r.Top1, "%", "0.00")
        .Column("±", r => r.Deviation, null, "0.00")
        .Column("Δ FP32", r => r.DeltaFp32, null, "+0.00;-0.00");

    public static Report Of(ResultTable table, IReadOnlyList<Row> rows, EasyQuantComparison comparison)
    {
        var report = new Report($"EasyQuant against training at equal time, {comparison.Task.Model}, {comparison.Task.Source}")
            .Lead($"All start from MinMax calibration on {comparison.Samples} samples, on the same symmetric grids. EasyQuant searches scales on these samples; "
                + "EfQAT (channels chosen in the network, and at 0 % scales, biases and norms alone) and QAT are trained for as long, twice and four times as "
                + $"long, on labelled training samples; steps are timed on the spot. Mean of {comparison.Seeds} seeds; evaluation is not counted.")
            .Table(table);
        foreach (var (bits, chart) in Charts(rows)) report.Chart(chart, $"{bits}: every line begins at the calibrated network.");
        return report.OnThisMachine();
    }

    /// <summary>Top-1 over time, for each width.</summary>
    public static IEnumerable<(string Bits, GenericChart Chart)> Charts(IReadOnlyList<Row> rows)
    {
        foreach (var width in rows.Skip(1).GroupBy(row => row.Bits))
        {
            var start = width.First();
            var lines = width.Skip(1).GroupBy(row => row.Method).Select(method => Line(method.Key, [start, .. method]));
            var fp32 = Chart.Line<double, double, string>(
                x: [0, width.Max(row => row.Seconds)], y: [rows[0].Top1, rows[0].Top1], Name: "FP32", LineColor: MethodColors.Fp32,
                LineDash: StyleParam.DrawingStyle.Dash);
            yield return (width.Key, Chart.Combine([fp32, .. lines]).WithTitle($"{width.Key}: accuracy over time")
                .WithXAxisStyle<double, double, string>("Seconds of search or training").WithYAxisStyle<double, double, string>("Top-1, %"));
        }
    }

    static GenericChart Line(string method, IReadOnlyList<Row> rows) => Chart.Line<double, double, string>(
        x: rows.Select(row => row.Seconds), y: rows.Select(row => row.Top1), ShowMarkers: true, Name: method,
        LineColor: MethodColors.Of(method), MarkerColor: MethodColors.Of(method),
        LineDash: method.EndsWith(" 0 %", StringComparison.Ordinal) ? StyleParam.DrawingStyle.Dot : StyleParam.DrawingStyle.Solid);
}
