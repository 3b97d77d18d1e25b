using System.Net;
using System.Text.Json.Nodes;

namespace EfQat.Display.Tests.Progress;

[Collection("one page")]  // which chart brings plotly.js is the process' business, so these take turns
public sealed class LiveChartTests : IDisposable
{
    const string Plotly = "application/vnd.plotly.v1+json";
    readonly KeptOutputs host = new();
    readonly FakeClock clock = new();

    public LiveChartTests() => Cell.Current = new(host, default);

    public void Dispose() => Cell.Current = null;

    [Fact]
    public void It_is_a_light_picture_four_times_a_second_and_interactive_at_the_end()
    {
        var live = new LiveChart(1000, "training", time: clock);
        for (int step = 1; step <= 1000; step++)
        {
            clock.Milliseconds = step; // 1000 steps in one second
            live.Report(step, 2.5);
        }
        Assert.Equal(5, host.Shown.Count); // at 1, 251, 501, 751 and 1000 ms
        Assert.Single(host.Shown.Select(s => s.Id).Distinct());
        Assert.Equal([null, null, null, null], host.Shown.Take(4).Select(s => s.Bundle[Plotly]));
        Assert.All(host.Shown.Take(4), s => Assert.InRange(s.Bundle["text/html"]!.Length, 1000, 30_000));
        Assert.StartsWith(
            "<progress value=\"501\" max=\"1000\"></progress> training 501/1000 · 1000.0/s · 00:00:00 left · loss 2.500<br><img",
            WebUtility.HtmlDecode(host.Shown[2].Bundle["text/html"]));
        Assert.Equal("training 1000/1000 · 1000.0/s · loss 2.500", (string?)Figure()["layout"]!["title"]!["text"]);
    }

    [Fact]
    public void Every_step_counts_however_long_the_run()
    {
        const int steps = 1_000_001; // no multiple of anything: the last point is of fewer steps
        var live = new LiveChart(steps, time: clock);
        for (int step = 1; step <= steps; step++) live.Report(step, 3 * step + 1);
        var points = Figure()["data"]![0]!;
        double[] x = [.. points["x"]!.AsArray().Select(v => (double)v!)], y = [.. points["y"]!.AsArray().Select(v => (double)v!)];
        Assert.InRange(x.Length, 200, 400);
        Assert.All(x.Zip(y), point => Assert.Equal(3 * point.First + 1, point.Second, 1e-3)); // means of points on a line lie on it
        Assert.Equal(x.Order(), x);
        Assert.InRange(x[0], 1, steps / 200.0);
        Assert.InRange(x[^1], steps - steps / 200.0, steps);
    }

    [Fact]
    public void A_note_stays_behind_the_numbers_and_redraws_no_more_often()
    {
        var live = new LiveChart(10, "QAT", time: clock);
        live.Report(1, 1);
        live.Note("top-1 90 %");
        Assert.Single(host.Shown);
        clock.Milliseconds = 1000;
        live.Report(5, 0.5);
        Assert.Equal("QAT 5/10 · 5.0/s · 00:00:01 left · loss 0.500 · top-1 90 %", host.Shown[^1].Bundle["text/plain"]);
        live.Report(10, 0.25);
        live.Note("top-1 95 %");
        Assert.Equal("QAT 10/10 · 10.0/s · loss 0.250 · top-1 95 %", (string?)Figure()["layout"]!["title"]!["text"]);
    }

    [Fact]
    public void The_output_that_stays_brings_plotly()
    {
        NotebookChart.NewPage();
        var live = new LiveChart(1, time: clock);
        live.Report(1, 1);
        live.Note("replaces the output that brought it");
        Notebook.display(Chart.Line<int, int, string>(x: [1], y: [1]));
        Assert.Equal([true, true, false], host.Shown.Select(s => s.Bundle["text/html"]!.Contains("const plotly")));
    }

    [Fact]
    public void Outside_notebooks_it_prints_a_line_a_tenth()
    {
        Cell.Current = null;
        var console = Console.Out;
        using var printed = new StringWriter();
        Console.SetOut(printed);
        try
        {
            var live = new LiveChart(100, "QAT", time: clock);
            clock.Milliseconds = 2000;
            for (int step = 1; step <= 30; step++) live.Report(step, 1);
            live.Note("top-1 90 %");
        }
        finally
        {
            Console.SetOut(console);
        }
        Assert.Equal(
            ["QAT 1/100 · 0.5/s · 00:03:18 left · loss 1.000", "QAT 10/100 · 5.0/s · 00:00:18 left · loss 1.000",
             "QAT 20/100 · 10.0/s · 00:00:08 left · loss 1.000", "QAT 30/100 · 15.0/s · 00:00:04 left · loss 1.000", "top-1 90 %"],
            printed.ToString().TrimEnd().Split('\n'));
        Assert.Empty(host.Shown);
    }

    [Fact]
    public void A_loss_that_is_no_number_is_a_gap()
    {
        var live = new LiveChart(3, time: clock);
        live.Report(1, 1);
        live.Report(2, double.NaN);
        live.Report(3, 2);
        Assert.Equal("[1,null,2]", Figure()["data"]![0]!["y"]!.ToJsonString());
    }

    JsonNode Figure() => JsonNode.Parse(host.Shown[^1].Bundle[Plotly]!)!;
}
