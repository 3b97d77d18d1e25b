using System.Globalization;
using EfQat.Display;
using Row = EfQat.Cli.Commands.ReproduceCommand.Row;

namespace EfQat.Cli.Commands;

/// <summary>What <c>efqat reproduce</c> found, for a reader.</summary>
static class ReproduceReport
{
    public static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Bits", r => r.Bits)
        .Column("Method", r => r.Method)
        .Column("Ratio", r => r.Ratio, null, "0 %")
        .Column("Top-1", r => r.Top1, "%", "0.00")
        .Column("Δ FP32", r => r.DeltaFp32, null, "+0.00;-0.00")
        .Column("Recovered", r => r.Recovered, "%", "0")
        .Column("Weights", r => r.WeightsUpdated, "%", "0.0")
        .Column("Backward", r => r.BackwardMs, "ms", "0")
        .Column("QAT / this", r => r.Speedup, "×", "0.00")
        .Column("Peak memory", r => r.PeakMemoryMb, "MB", "0");

    public static Report Of(ResultTable table, IReadOnlyList<Row> rows, RunOptions run, int images)
    {
        var report = new Report("EfQAT on ResNet-20, Fashion-MNIST")
            .Lead($"Post-training quantization (PTQ), then training of the most important blocks only, on {images:N0} images with seed {run.Seed}. "
                + "Recovered: the share of PTQ's loss that training won back. Weights: the share that is updated. QAT / this: speed of the backward pass.")
            .Table(table);
        foreach (var (_, chart) in Charts(rows))
            report.Chart(chart, "Right and up is better: a faster backward pass, fewer errors.");
        return report.Fact("Seed", $"{run.Seed}").OnThisMachine();
    }

    /// <summary>A chart for each bit width.</summary>
    public static IEnumerable<(string Bits, GenericChart Chart)> Charts(IReadOnlyList<Row> rows) =>
        rows.Skip(1).GroupBy(row => row.Bits).Select(group => (group.Key, AccuracyBySpeed(group.Key, rows[0], [.. group])));

    /// <summary>Every method's accuracy over its speed; FP32 and PTQ, which have no backward pass of this kind, as levels.</summary>
    static GenericChart AccuracyBySpeed(string bits, Row fp32, IReadOnlyList<Row> rows)
    {
        double fastest = rows.Max(row => row.Speedup ?? 1);
        GenericChart Level(string name, double top1) => Chart.Line<double, double, string>(
            x: [1, fastest], y: [top1, top1], Name: name, LineColor: MethodColors.Of(name), LineDash: StyleParam.DrawingStyle.Dash);
        var methods = rows.Where(row => row.Speedup is not null).GroupBy(row => row.Method).Select(method => Chart.Scatter<double, double, string>(
            x: method.Select(row => row.Speedup!.Value), y: method.Select(row => row.Top1), mode: StyleParam.Mode.Lines_Markers_Text, Name: method.Key,
            TextPosition: StyleParam.TextPosition.TopCenter, MultiText: [.. method.Select(row => row.Ratio!.Value.ToString("0 %", CultureInfo.InvariantCulture))],
            LineColor: MethodColors.Of(method.Key), MarkerColor: MethodColors.Of(method.Key)));
        return Chart.Combine([Level("FP32", fp32.Top1), Level("PTQ", rows[0].Top1), .. methods])
            .WithTitle($"{bits}: accuracy over the speed of the backward pass")
            .WithXAxisStyle<double, double, string>("Backward pass, times as fast as QAT's").WithYAxisStyle<double, double, string>("Top-1, %");
    }
}
