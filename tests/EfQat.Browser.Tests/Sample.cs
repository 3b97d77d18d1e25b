using System.Text.Json;

namespace EfQat.Browser.Tests;

/// <summary>A notebook with one output of each kind. The cells after the error are left for the tests to run.</summary>
static class Sample
{
    public static readonly string[] Cells =
    [
        """
        // Table: any list of records
        record struct Grid(string Name, int Codes, double Step);
        new[] { 8, 4, 2 }.Select(bits => new Grid($"{bits} bits", 1 << bits, 2.0 / (1 << bits)))
        """,
        """
        // Data frame
        new DataFrame(
            new StringDataFrameColumn("kernel", new[] { "1 × 1", "3 × 3", "5 × 5" }),
            new DoubleDataFrameColumn("taps", new[] { 1.0, 9, 25 }))
        """,
        """
        // Chart
        var bits = Enumerable.Range(2, 7);
        var step = bits.Select(b => 2.0 / (1 << b));
        Chart.Line<int, double, string>(x: bits, y: step, ShowMarkers: true)
            .WithTitle("The step of a grid over its bits").WithSize(Height: 240)
        """,
        """
        // Heat map
        var waves = Enumerable.Range(0, 8).Select(row => Enumerable.Range(0, 24)
            .Select(column => Math.Sin(row * 0.7) * Math.Cos(column * 0.4)));
        Chart.Heatmap<double, int, int, string>(waves)
            .WithTitle("sin · cos").WithSize(Height: 240)
        """,
        """
        // Progress
        var progress = new LiveProgress(total: 60, what: "calibrating");
        for (int batch = 1; batch <= 60; batch++)
            progress.Report(batch);
        """,
        """
        // Live chart
        var live = new LiveChart(total: 60, what: "falling", value: "height");
        for (int step = 1; step <= 60; step++)
        {
            Thread.Sleep(20);
            live.Report(step, 2.3 * Math.Exp(-step / 20.0) + 0.1 * Math.Sin(step));
        }
        """,
        """
        // Picture
        var circle = "<circle cx='15' cy='15' r='12' fill='#3f7fd1'/>";
        var svg = $"<svg xmlns='http://www.w3.org/2000/svg' height='30'>{circle}</svg>";
        display(svg, "image/svg+xml");
        """,
        """
        // Error
        double Ratio(int kept, int all) => 100 / (all - kept);
        Ratio(4, 4)
        """,
        "while (true) { }",
        "6 * 7",
    ];

    /// <summary>Writes the notebook, without outputs.</summary>
    public static void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(new
    {
        nbformat = 4,
        nbformat_minor = 5,
        metadata = new { kernelspec = new { name = "efqat-csharp", display_name = "C# (EfQat)", language = "C#" } },
        cells = Cells.Select((code, i) => new { id = $"cell-{i}", cell_type = "code", source = code, metadata = new { }, execution_count = (int?)null, outputs = Array.Empty<object>() }),
    }));
}
