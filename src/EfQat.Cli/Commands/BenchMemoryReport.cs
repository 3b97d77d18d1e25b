using EfQat.Display;
using Row = EfQat.Cli.Commands.BenchMemoryCommand.Row;

namespace EfQat.Cli.Commands;

/// <summary>What <c>efqat bench memory</c> found, for a reader.</summary>
static class BenchMemoryReport
{
    static readonly (string Name, Func<Row, double?> Of, string Color)[] Parts =
    [
        ("model", r => r.ModelMb, "#c4c8ce"), ("quantized weights", r => r.WeightsMb, "#8b9099"), ("inputs of BatchNorm", r => r.NormInputsMb, "#3f7fd1"),
        ("inputs of quantizers", r => r.QuantizerInputsMb, "#e0892f"), ("inputs of layers, floats", r => r.FloatsMb, "#d1495b"),
        ("inputs of layers, codes", r => r.CodesMb, "#1e8f5a"), ("batch and other operators", r => r.OtherMb, "#8a63c9"), ("passing", r => r.PassingMb, "#d8c690"),
    ];

    public static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Method", r => r.Method)
        .Column("Ratio", r => r.Ratio, null, "0 %")
        .Column("Codes", r => r.CodesMb, "MB", "0.0")
        .Column("Layer inputs", r => r.FloatsMb, "MB", "0.0")
        .Column("BatchNorm inputs", r => r.NormInputsMb, "MB", "0.0")
        .Column("Quantizer inputs", r => r.QuantizerInputsMb, "MB", "0.0")
        .Column("Ŵ", r => r.WeightsMb, "MB", "0.0")
        .Column("Other", r => r.OtherMb, "MB", "0.0")
        .Column("Model", r => r.ModelMb, "MB", "0.0")
        .Column("Passing", r => r.PassingMb, "MB", "0.0")
        .Column("Peak", r => r.PeakMb, "MB", "0")
        .Column("Peak / QAT, floats kept", r => r.ToFloats, "×", "0.00");

    public static Report Of(ResultTable table, IReadOnlyList<Row> rows, string what) => new Report($"Memory of a training step: {what}")
        .Lead("The most that tensors hold at once in forward, backward and update, and what it consists of. The first columns are what the forward pass keeps "
            + "for the backward pass. Model: parameters, optimizer, quantized weights of frozen rows. Passing: results on the way, at the moment of the peak.")
        .Table(table).Chart(Chart(rows, what), "What libtorch's own operators keep for FP32 counts as other.").OnThisMachine();

    /// <summary>Bars that end at the peak, made of what it consists of.</summary>
    public static GenericChart Chart(IReadOnlyList<Row> rows, string what) => Display.Chart.Combine(Parts.Select(part =>
            Display.Chart.StackedColumn<double, string, string>(
                values: rows.Select(row => part.Of(row) ?? 0), Keys: rows.Select(Label), Name: part.Name, MarkerColor: Color.fromHex(part.Color))))
        .WithTitle($"Memory at the peak of a training step: {what}").WithYAxisStyle<double, double, string>("MB").WithSize(Height: 460);

    static string Label(Row row) => row.Method.StartsWith("EfQAT", StringComparison.Ordinal) ? FormattableString.Invariant($"{row.Method} {row.Ratio:0 %}") : row.Method;
}
