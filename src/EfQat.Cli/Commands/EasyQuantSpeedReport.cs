using EfQat.Display;
using EfQat.Integer.Onnx;
using StepTimes = EfQat.Cli.Commands.EasyQuantSpeedCommand.StepTimes;
using Row = EfQat.Cli.Commands.EasyQuantSpeedCommand.Row;

namespace EfQat.Cli.Commands;

/// <summary>What <c>efqat reproduce easyquant-speed</c> found, for a reader.</summary>
static class EasyQuantSpeedReport
{
    public static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Network", r => r.Network)
        .Column("Engine", r => r.Engine)
        .Column("Threads", r => r.Threads)
        .Column("Median", r => r.MedianMs, "ms", "0.000")
        .Column("min", r => r.MinMs, "ms", "0.000")
        .Column("max", r => r.MaxMs, "ms", "0.000")
        .Column("Pictures", r => r.PicturesPerSecond, "1/s", "0")
        .Column("Speed", r => r.Gops, "GOP/s", "0.0")
        .Column("Of peak", r => r.ShareOfPeak, null, "0 %")
        .Column("ORT INT8 / this", r => r.Speedup, "×", "0.00")
        .Column("Exact ORT / this", r => r.SpeedupExact, "×", "0.00")
        .Column("As FP32", r => r.AsFp32, "%", "0")
        .Column("As integers", r => r.AsIntegers, "%", "0");

    public const string Saturates = "without VNNI ONNX Runtime's INT8 adds pairs of products in 16 bits, which saturate: fast, but other answers; "
        + "its exact mode and its W7A8 do not";

    public static string Title(StepTimes program) => $"{program.Network}, {program.Width}, {program.Threads} threads, step by step";

    public static Report Of(ResultTable table, IReadOnlyList<Row> rows, IEnumerable<StepTimes> programs, string peak)
    {
        var report = new Report("Whole networks on integers")
            .Lead("One picture at a time, all engines taking turns; ONNX Runtime (ORT) measures its time inside its own process. INT8: codes of 8 bits with "
                + "zero points. INT7: signed codes up to ±63 without zero points, as EasyQuant's paper has them; unsigned: up to 127 behind a ReLU. "
                + "W7A8: as INT8, weights of 7 bits. INT8 and W7A8 are the same networks in ORT, which reads them as QDQ and rewrites them. INT7 it would run on floats, for its "
                + "codes end before their type. All are calibrated only; a search of scales changes no time. BatchNorm is folded everywhere.")
            .Table(table)
            .Paragraph("ORT INT8 / this: ORT's INT8 as it runs by default. Exact ORT / this: ORT's W7A8, which never saturates. As FP32, as "
                + "integers: pictures that were not calibrated on with the answer of libtorch's FP32, and of our integers of the same width."
                + (OnnxRuntimeSession.Saturates ? $" Here, {Saturates}." : ""))
            .Paragraph("Speed counts two operations for each multiply-add of convolutions and linear layers, also where Winograd saves it. Integer peak: "
                + $"{peak}, the most that multiply-adds of integers do in registers alone.");
        foreach (var (_, chart) in Charts(rows)) report.Chart(chart, "Higher is faster.");
        foreach (var program in programs) report.Details(Title(program), part => part.Table(TimedProgram.Table(program.Steps)));
        return report.OnThisMachine();
    }

    /// <summary>For each network the pictures a second of every engine.</summary>
    public static IEnumerable<(string Network, GenericChart Chart)> Charts(IReadOnlyList<Row> rows) =>
        rows.GroupBy(row => row.Network).Select(network => (network.Key, Chart.Combine(network.GroupBy(row => row.Threads).Select((group, i) =>
                Chart.Column<double, string, string>(
                    values: group.Select(row => row.PicturesPerSecond), Keys: group.Select(row => row.Engine),
                    Name: $"{group.Key} threads", MarkerColor: i == 0 ? MethodColors.Fp32 : MethodColors.EasyQuant)))
            .WithTitle(network.Key).WithYAxisStyle<double, double, string>("Pictures a second")));
}
