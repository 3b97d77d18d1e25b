using System.Text.Json;

namespace EfQat.Browser.Tests;

/// <summary>A notebook with one output of each kind. The cells after the error are left for the tests to run.</summary>
static class Sample
{
    public static readonly string[] Cells =
    [
        """
        // Table: any list of records
        record struct Row(string Method, double Top1, int Rows);
        new Row[] { new("PTQ", 88.13, 0), new("CWPN", 90.42, 10), new("QAT", 90.57, 100) }
        """,
        """
        // Data frame
        new DataFrame(
            new StringDataFrameColumn("layer", new[] { "conv1", "conv2", "fc" }),
            new DoubleDataFrameColumn("SQNR", new[] { 31.5, 28.25, 35 }))
        """,
        """
        // Chart
        var loss = new[] { 2.3, 1.1, 0.7, 0.5, 0.42, 0.39, 0.37 };
        Chart.Line<int, double, string>(x: Enumerable.Range(1, 7), y: loss, ShowMarkers: true)
            .WithTitle("Loss").WithSize(Height: 240)
        """,
        """
        // Heat map
        var importance = Enumerable.Range(0, 8).Select(row => Enumerable.Range(0, 24)
            .Select(column => Math.Sin(row * 0.7) * Math.Cos(column * 0.4)));
        Chart.Heatmap<double, int, int, string>(importance)
            .WithTitle("Importance of 8 × 24 blocks").WithSize(Height: 240)
        """,
        """
        // Progress
        var progress = new LiveProgress(total: 60, what: "calibrating");
        for (int batch = 1; batch <= 60; batch++)
            progress.Report(batch);
        """,
        """
        // Live chart
        var live = new LiveChart(total: 60, what: "training", value: "loss");
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
