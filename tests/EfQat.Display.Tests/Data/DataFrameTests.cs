using Microsoft.Data.Analysis;

namespace EfQat.Display.Tests;

public sealed class DataFrameTests
{
    sealed record Run(string Method, int Seed, double? Accuracy, bool Done);

    static readonly Run[] Runs =
    [
        new("QAT", 1, 91.5, true), new("PTQ", 1, 70.25, true), new("EfQAT", 1, null, false), new("QAT", 2, 92.5, true), new("PTQ", 2, 69.75, false),
    ];

    static DataFrame Frame() => Runs.ToDataFrame();

    static object?[] Column(DataFrame frame, string name) => [.. frame[name].Cast<object?>()];

    [Fact]
    public void Records_become_typed_columns()
    {
        var frame = Frame();
        Assert.Equal(["Method", "Seed", "Accuracy", "Done"], frame.Columns.Select(c => c.Name));
        Assert.Equal([typeof(string), typeof(int), typeof(double), typeof(bool)], frame.Columns.Select(c => c.DataType));
        Assert.Equal(Runs.Select(r => r.Accuracy), frame.Columns.GetDoubleColumn("Accuracy"));
        Assert.Equal("PTQ", frame[1, "Method"]);
        Assert.Equal(92.5, frame[3, 2]);
        Assert.Equal([(object)"EfQAT", 1, null, false], frame.Rows[2]);
    }

    [Fact]
    public void Filter_keeps_what_Linq_keeps()
    {
        var frame = Frame();
        Run[] Kept(PrimitiveDataFrameColumn<bool> filter) => [.. frame.Filter(filter).Rows.Select(r =>
            new Run((string)r[0]!, (int)r[1]!, (double?)r[2], (bool)r["Done"]!))];

        Assert.Equal(Runs.Where(r => r.Accuracy > 70), Kept(frame["Accuracy"].ElementwiseGreaterThan(70)));
        Assert.Equal(Runs.Where(r => r.Accuracy <= 70.25), Kept(frame["Accuracy"].ElementwiseLessThanOrEqual(70.25)));
        Assert.Equal(Runs.Where(r => r.Method != "QAT"), Kept(frame["Method"].ElementwiseNotEquals("QAT")));
        Assert.Equal(Runs.Where(r => r.Accuracy is null), Kept(frame["Accuracy"].ElementwiseIsNull()));
        Assert.Equal(
            Runs.Where(r => r.Seed == 2 & r.Done || r.Method == "EfQAT"),
            Kept(frame["Seed"].ElementwiseEquals(2) & frame["Done"] | frame["Method"].ElementwiseEquals("EfQAT")));
        Assert.Equal([false, true], new DoubleDataFrameColumn("x", [double.NaN, 1]).ElementwiseLessThan(5).Select(v => v!.Value));
    }

    [Fact]
    public void Order_is_stable_and_puts_missing_values_last()
    {
        var frame = Frame();
        Assert.Equal([69.75, 70.25, 91.5, 92.5, null], Column(frame.OrderBy("Accuracy"), "Accuracy"));
        Assert.Equal([92.5, 91.5, 70.25, 69.75, null], Column(frame.OrderByDescending("Accuracy"), "Accuracy"));
        Assert.Equal(Runs.OrderByDescending(r => r.Seed).Select(r => r.Method), Column(frame.OrderByDescending("Seed"), "Method"));
    }

    [Fact]
    public void Groups_stand_in_order_of_appearance()
    {
        var groups = Frame().GroupBy("Method");
        Assert.Equal(["QAT", "PTQ", "EfQAT"], Column(groups.Mean("Accuracy"), "Method"));
        Assert.Equal([92.0, 70.0, double.NaN], Column(groups.Mean("Accuracy"), "Accuracy"));
        Assert.Equal([3, 3, 1], Column(groups.Sum(), "Seed"));
        Assert.Equal([2L, 2L, 0L], Column(groups.Count(), "Accuracy"));
        Assert.Equal([92.5, 70.25, null], Column(groups.Max(), "Accuracy"));
        Assert.Equal([91.5, 69.75, null], Column(groups.Min(), "Accuracy"));
        Assert.Equal(["Method", "Seed", "Accuracy"], groups.Mean().Columns.Select(c => c.Name));
    }

    [Fact]
    public void Arithmetic_widens_and_a_null_stays_null()
    {
        var frame = Frame();
        frame["Error"] = 100 - frame["Accuracy"];
        Assert.Equal(Runs.Select(r => (object?)(100 - r.Accuracy)), Column(frame, "Error"));
        Assert.Equal([1, 1, 1, 4, 4], (frame["Seed"] * frame["Seed"]).Cast<int>());
        Assert.Equal([0, 0, 0, 1, 1], (frame["Seed"] / 2).Cast<int>());
        Assert.Equal([0.5f, 0.5f, 0.5f, 1, 1], (frame["Seed"] / 2f).Cast<float>());
        Assert.Throws<OverflowException>(() => frame["Seed"] + int.MaxValue);
        Assert.Equal("Seed", (1 + frame["Seed"]).Name);
    }

    [Fact]
    public void Description_counts_and_averages_numbers()
    {
        var description = Frame().Description();
        Assert.Equal(["Description", "Seed", "Accuracy"], description.Columns.Select(c => c.Name));
        Assert.Equal([4.0, 92.5, 69.75, 81.0], Column(description, "Accuracy"));
        Assert.Equal(80.875, Frame()["Accuracy"].Median());
    }

    [Fact]
    public void Append_adds_a_row_to_a_copy_or_in_place()
    {
        var frame = Frame();
        Assert.Equal(6, frame.Append(["FP32", 1, 93, true]).Rows.Count);
        Assert.Equal(5, frame.Rows.Count);
        frame.Append(["FP32", 1, 93, null], inPlace: true);
        Assert.Equal([(object)"FP32", 1, 93.0, null], frame.Tail(1).Rows[0]);
        Assert.Equal(8, frame.Append(frame.Head(2).Rows).Rows.Count);
        Assert.Equal(4, frame.DropNulls().Rows.Count);
        Assert.StartsWith("the row has 2 values; the columns are Method, Seed", Assert.Throws<ArgumentException>(() => frame.Append(["FP32", 1])).Message);
        Assert.Contains("column 'Seed' holds Int32; 'one' is String", Assert.Throws<ArgumentException>(() => frame.Append(["FP32", "one", 1.0, true])).Message);
        Assert.Equal(6, frame.Rows.Count);
    }

    [Fact]
    public void Clone_shares_nothing()
    {
        var frame = Frame();
        var clone = frame.Clone();
        clone[0, "Seed"] = 7;
        clone["Method"].SetName("Name");
        Assert.Equal((1, "Method"), (frame[0, "Seed"], frame.Columns[0].Name));
    }

    [Fact]
    public void Errors_name_the_columns_and_lengths()
    {
        static string Message(Action action) => Assert.ThrowsAny<Exception>(action).Message;
        var frame = Frame();
        Assert.Equal("no column 'Acc'; there are: Method, Seed, Accuracy, Done", Message(() => _ = frame["Acc"]));
        Assert.Equal("column 'x' has 2 rows; the others have 5", Message(() => frame["x"] = new Int32DataFrameColumn("x", [1, 2])));
        Assert.Equal("there is already a column 'Seed'", Message(() => frame.Columns.Add(new Int32DataFrameColumn("Seed", 5))));
        Assert.Equal("'+' needs numbers; column 'Method' holds String", Message(() => _ = frame["Method"] + 1));
        Assert.Equal("column 'Method' holds String, which does not compare with Int32", Message(() => frame["Method"].ElementwiseEquals(1)));
        Assert.StartsWith("row 5 of a frame of 5 rows", Message(() => _ = frame.Rows[5]));
    }

    [Fact]
    public void The_table_aligns_numbers_escapes_text_and_counts_what_it_leaves_out()
    {
        var frame = new DataFrame(
            new StringDataFrameColumn("a<b", ["x&y", null]), new DoubleDataFrameColumn("value", [0.1 + 0.2, 1e-9]));
        Assert.Equal(
            """
            <table>
            <thead><tr><th style="text-align: left">a&lt;b</th><th style="text-align: right">value</th></tr></thead>
            <tbody>
            <tr><td style="text-align: left">x&amp;y</td><td style="text-align: right">0.3</td></tr>
            </tbody>
            <tfoot><tr><td colspan="2">… 1 more rows</td></tr></tfoot>
            </table>

            """, frame.ToHtml(maxRows: 1));
        Assert.Equal("a<b   value\nx&y     0.3\nnull  1E-09\n", frame.ToString());
    }
}
