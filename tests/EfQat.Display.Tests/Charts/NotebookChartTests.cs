using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace EfQat.Display.Tests;

[Collection("one page")]  // which chart brings plotly.js is the process' business, so these take turns
public sealed class NotebookChartTests
{
    static readonly GenericChart Line = Chart.Line<int, double, string>(x: [1, 2], y: [0.5, 0.25], Name: "</script>").WithTitle("Loss & more");

    static readonly GenericChart Bars = Chart.Column<int, string, string>(values: [3, 1], Keys: ["a", "b"]);

    [Fact]
    public void A_chart_has_the_three_forms_a_front_end_may_ask_for()
    {
        var forms = Line.ToMimeBundle().ToJson();
        Assert.Equal(["application/vnd.plotly.v1+json", "text/html", "text/plain"], forms.Select(f => f.Key).Order());
        Assert.Equal("Loss & more: </script> (scatter)", (string?)forms["text/plain"]);

        var figure = forms["application/vnd.plotly.v1+json"]!;
        Assert.Equal(["config", "data", "layout"], figure.AsObject().Select(f => f.Key).Order());
        Assert.Equal("Loss & more", (string?)figure["layout"]!["title"]!["text"]);
        Assert.Equal("rgba(0,0,0,0)", (string?)figure["layout"]!["template"]!["layout"]!["paper_bgcolor"]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("[0.5, 0.25]"), figure["data"]![0]!["y"]));
    }

    [Fact]
    public void Without_scripts_the_picture_is_left()
    {
        var html = NotebookChart.ToHtml(Line, withPlotly: false);
        var picture = Regex.Match(html, "<img alt=\"Loss &amp; more: &lt;/script&gt; \\(scatter\\)\" src=\"data:image/svg\\+xml;base64,([^\"]+)\">").Groups[1].Value;
        Assert.Equal("svg", XDocument.Parse(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(picture))).Root!.Name.LocalName);
        Assert.Equal(1, Regex.Count(html, "</script>"));
    }

    [Fact]
    public void Only_the_first_chart_of_a_page_brings_plotly()
    {
        int Size(GenericChart chart) => chart.ToMimeBundle()["text/html"]!.Length;
        NotebookChart.NewPage();
        Assert.InRange(Size(Bars), 400_000, 800_000);
        Assert.InRange(Size(Bars), 1, 10_000);
        NotebookChart.NewPage();
        Assert.InRange(Size(Bars), 400_000, 800_000);
    }

    [Fact]
    public void Outputs_that_are_cleared_take_plotly_with_them_which_the_next_chart_brings_again()
    {
        int Size() => Bars.ToMimeBundle()["text/html"]!.Length;
        NotebookChart.NewPage();
        try
        {
            Cell.Current = new(new NoPage(), default);
            Size();
            Notebook.clear_output();
            Assert.InRange(Size(), 400_000, 800_000);
            Cell.Current = new(new NoPage(), default); // another cell, whose outputs have no plotly.js
            Notebook.clear_output();
            Assert.InRange(Size(), 1, 10_000);
        }
        finally
        {
            Cell.Current = null;
        }
    }

    sealed class NoPage : ICellHost
    {
        public void Show(MimeBundle bundle, string id, bool update) { }

        public void Clear(bool wait) { }

        public void Write(string text, bool isError) { }

        public string ReadLine(string prompt, bool isPassword) => "";
    }

    [SkippableFact]
    public void A_browser_without_network_draws_charts_before_and_after_plotly_came()
    {
        Skip.IfNot(Browser.IsInstalled, "no chromium on PATH");
        var document = Browser.Render(
            $"<body style='background: #111'>{NotebookChart.ToHtml(Bars, false)}{NotebookChart.ToHtml(Line, true)}{NotebookChart.ToHtml(Bars, false)}</body>");
        Assert.Equal(3, Regex.Count(document, "<div data-chart=\"[0-9a-f]{16}\" class=\"js-plotly-plot\""));
        Assert.Equal(4, Regex.Count(document, "class=\"point\"><path[^>]* d=\"M"));
        Assert.Contains("fill: rgb(227, 231, 236)", document);  // the ink of the dark theme
        Assert.DoesNotContain("<img", document);
    }
}
