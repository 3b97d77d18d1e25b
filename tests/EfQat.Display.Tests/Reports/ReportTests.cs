using System.Text.RegularExpressions;

namespace EfQat.Display.Tests;

public sealed class ReportTests
{
    sealed record Row(string Name, int Value);

    static Report Page() => new Report("A <result>")
        .Lead("One run.")
        .Section("Numbers")
        .Table(ResultTable.Of<Row>([new("QAT", 1)]).Column("Name", r => r.Name).Column("Value", r => r.Value), "What it took.")
        .Chart(Chart.Column<int, string, string>(values: [3, 1, 2], Keys: ["a", "b", "</script>"]).WithTitle("Three columns"), "Drawn.")
        .Details("More", more => more.Chart(Chart.Grid(
            [
                Chart.Line<int, int, string>(x: [1, 2], y: [1, 2], Name: "line"),
                Chart.Histogram<int, int, string>(X: [1, 1, 2]),
                Chart.BoxPlot<int, int, string>(Y: [1, 2, 3, 9]),
                Chart.Heatmap<int, int, int, string>(zData: new int[][] { [1, 2], [3, 4] }),
            ],
            2, 2)))
        .Fact("Seed", "1");

    [Fact]
    public void The_page_names_no_other_file_or_host()
    {
        var own = Page().ToHtml().Replace(Plotly.Script, "");
        Assert.DoesNotMatch(new Regex(@"\b(src|href)\s*=|url\(|@import|https?:"), own);
    }

    [Fact]
    public void Text_is_escaped_and_plotly_is_inlined_once()
    {
        var html = Page().ToHtml();
        Assert.Contains("<h1>A &lt;result&gt;</h1>", html);
        Assert.Contains("<dt>Seed</dt><dd>1</dd>", html);
        Assert.Equal(2, html.Split(Plotly.Script).Length);
    }

    [Fact]
    public void A_page_without_charts_carries_no_script() =>
        Assert.DoesNotContain("<script", new Report("Text only").Paragraph("Nothing to draw.").ToHtml());

    [Fact]
    public void The_bundle_is_of_the_major_version_that_VS_Code_renders() => Assert.StartsWith("3.", Plotly.Version);

    [Fact]
    public void Saving_replaces_the_file_and_leaves_nothing_else()
    {
        var folder = Directory.CreateTempSubdirectory("efqat-report-").FullName;
        try
        {
            var path = Path.Combine(folder, "report.html");
            File.WriteAllText(path, "old");
            new Report("New").Save(path);
            Assert.Equal([path], Directory.GetFiles(folder));
            Assert.Contains("<h1>New</h1>", File.ReadAllText(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [SkippableFact]
    public void A_browser_without_network_draws_every_trace()
    {
        Skip.IfNot(Browser.IsInstalled, "no chromium on PATH");
        var document = Browser.Render(Page().ToHtml());
        int Count(string pattern) => Regex.Count(document, pattern);

        Assert.Equal(3 + 2, Count("class=\"point\"><path[^>]* d=\"M"));  // three columns, and the histogram's two bins
        Assert.Equal(1, Count("class=\"lines\"><path class=\"js-line\" d=\"M"));
        Assert.Equal(1, Count("<path class=\"box\""));
        Assert.Equal(1, Count("<g class=\"hm\""));
        Assert.Contains(">Three columns</text>", document);
        Assert.Contains("&lt;/script&gt;</text>", document);
    }
}
