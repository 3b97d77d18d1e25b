using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace EfQat.Display.Tests;

/// <summary>Static pictures: well-formed, a mark for each value, where the axes say.</summary>
public sealed class PictureTests
{
    static XElement[] Marks(GenericChart chart, string element, string trace) =>
    [
        .. XDocument.Parse(chart.ToSvg()).Descendants().Where(e => e.Name.LocalName == element && (string?)e.Parent!.Attribute("class") == $"trace {trace}"),
    ];

    static string[] Texts(GenericChart chart) =>
        [.. XDocument.Parse(chart.ToSvg()).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];

    static double Number(XElement element, string attribute) => (double)element.Attribute(attribute)!;

    [Fact]
    public void A_gap_interrupts_the_line()
    {
        var line = Assert.Single(Marks(Chart.Line<int, double, string>(x: [0, 1, 2, 3], y: [1, 2, double.NaN, 3]), "path", "scatter"));
        Assert.Equal((2, 1), (((string)line.Attribute("d")!).Count(c => c == 'M'), ((string)line.Attribute("d")!).Count(c => c == 'L')));
    }

    [Fact]
    public void Points_lie_in_proportion_on_a_linear_and_on_a_log_axis()
    {
        var chart = Chart.Scatter<double, double, string>(x: [1, 10, 100], y: [0, 1, 4], mode: StyleParam.Mode.Markers)
            .WithXAxisStyle<int, int, string>(AxisType: StyleParam.AxisType.Log);
        var points = Marks(chart, "circle", "scatter");
        Assert.Equal(Number(points[1], "cx") - Number(points[0], "cx"), Number(points[2], "cx") - Number(points[1], "cx"), 0.2);
        Assert.Equal(3 * (Number(points[0], "cy") - Number(points[1], "cy")), Number(points[1], "cy") - Number(points[2], "cy"), 0.4);
        Assert.All((string[])["1", "10", "100"], text => Assert.Contains(text, Texts(chart)));
    }

    [Fact]
    public void What_the_range_of_an_axis_leaves_out_lies_outside_the_plot()
    {
        var points = Marks(
            Chart.Scatter<double, double, string>(x: [0, 1], y: [0, 9], mode: StyleParam.Mode.Markers)
                .WithYAxisStyle<double, double, string>(MinMax: Tuple.Create(0.0, 1.0)), "circle", "scatter");
        var plot = points[0].Parent!.Parent!;
        Assert.Equal("hidden", (string?)plot.Attribute("overflow"));
        Assert.InRange(Number(points[0], "cy"), Number(plot, "y"), Number(plot, "y") + Number(plot, "height"));
        Assert.True(Number(points[1], "cy") < Number(plot, "y"));
    }

    [Fact]
    public void Bars_grow_from_zero_in_proportion()
    {
        var bars = Marks(Chart.Column<double, string, string>(values: [1, 3, -2], Keys: ["a", "b", "c"]), "rect", "bar");
        var unit = Number(bars[0], "height");
        Assert.Equal([3 * unit, 2 * unit], bars[1..].Select(b => Number(b, "height")), (a, b) => Math.Abs(a - b) < 0.5);
        Assert.Equal(Number(bars[0], "y") + unit, Number(bars[2], "y"), 0.2);

        var lying = Marks(Chart.Bar<double, string, string>(values: [1, 2], Keys: ["a", "b"]), "rect", "bar");
        Assert.Equal(2 * Number(lying[0], "width"), Number(lying[1], "width"), 0.2);
    }

    [Fact]
    public void Stacked_bars_begin_where_the_bar_below_of_their_key_ends()
    {
        GenericChart Stacked(double[] values, string[] keys) => Chart.StackedColumn<double, string, string>(values: values, Keys: keys);
        var bars = Marks(Chart.Combine([Stacked([1, 3], ["a", "b"]), Stacked([2, 1], ["b", "a"]), Stacked([4], ["a"])]), "rect", "bar");
        double Top(int bar) => Number(bars[bar], "y");
        double Bottom(int bar) => Top(bar) + Number(bars[bar], "height");
        var unit = Number(bars[0], "height");
        Assert.Equal([1, 3, 2, 1, 4], bars.Select(bar => Math.Round(Number(bar, "height") / unit)));
        Assert.Equal(Top(1), Bottom(2), 0.2);
        Assert.Equal(Top(0), Bottom(3), 0.2);
        Assert.Equal(Top(3), Bottom(4), 0.2);
        Assert.Equal(Bottom(0), Bottom(1), 0.2);
        Assert.Equal(Number(bars[0], "x"), Number(bars[4], "x"), 0.2);
    }

    [Fact]
    public void A_histogram_counts_every_value()
    {
        var bins = Marks(Chart.Histogram<double, int, string>(X: [0.1, 0.2, 0.3, 1.5, 2.5, 2.6], NBinsX: 3), "rect", "histogram");
        Assert.Equal([3, 1, 2], bins.Select(b => (int)Math.Round(Number(b, "height") / Number(bins[1], "height"))));
    }

    [Fact]
    public void A_heat_map_has_a_cell_for_each_number()
    {
        var shades = Marks(
            Chart.Heatmap<double, int, string, string>(zData: new double[][] { [0, 1, 2], [2, 1, double.NaN] }, Y: ["a", "b"]), "path", "heatmap");
        Assert.Equal(5, shades.Sum(s => ((string)s.Attribute("d")!).Count(c => c == 'z')));
        Assert.Equal(3, shades.Length);
    }

    [Fact]
    public void A_box_shows_its_outlier()
    {
        var chart = Chart.BoxPlot<string, double, string>(X: ["a", "a", "a", "a", "a", "b"], Y: [1, 2, 3, 4, 50, 2]);
        Assert.Equal(2, Marks(chart, "path", "box").Length);
        Assert.Single(Marks(chart, "circle", "box"));
    }

    [Fact]
    public void A_box_has_the_quartiles_that_plotly_draws()
    {
        var path = (string)Assert.Single(Marks(Chart.BoxPlot<string, double, string>(Y: [4, 1, 3, 2]), "path", "box")).Attribute("d")!;
        double[] numbers = [.. Regex.Matches(path, @"[\d.]+").Select(n => double.Parse(n.Value, CultureInfo.InvariantCulture))];
        var (q1, q3, median, low, high) = (numbers[1], numbers[3], numbers[6], numbers[10], numbers[13]);
        var unit = median - q3;  // quartiles 1.5, 2.5 and 3.5, whiskers to 1 and 4
        Assert.Equal([unit, unit / 2, unit / 2], [q1 - median, low - q1, q3 - high], (a, b) => Math.Abs(a - b) < 0.3);
    }

    [Fact]
    public void Titles_names_and_panels_are_written_and_escaped()
    {
        var texts = Texts(Chart.Grid(
            [
                Chart.Line<int, int, string>(x: [1, 2], y: [1, 2], Name: "a & b").WithXAxisStyle<int, int, string>(TitleText: "Step"),
                Chart.Line<int, int, string>(x: [1, 2], y: [1, 2], Name: "a & b").WithYAxisStyle<int, int, string>(TitleText: "<ms>"),
            ],
            1, 2, ["left", "right"]).WithTitle("Both\u0001"));
        Assert.All((string[])["Both", "left", "right", "Step", "<ms>"], text => Assert.Contains(text, texts));
        Assert.Single(texts, "a & b");
    }

    [Fact]
    public void Charts_without_any_value_are_drawn_empty()
    {
        XDocument.Parse(Chart.Line<int, int, string>(x: [], y: []).ToSvg());
        XDocument.Parse(Chart.Histogram<int, int, string>(X: []).ToSvg());
        XDocument.Parse(Chart.BoxPlot<int, int, string>(Y: []).ToSvg());
        XDocument.Parse(Chart.Heatmap<int, int, int, string>(zData: []).ToSvg());
        XDocument.Parse(Chart.Column<int, string, string>(values: [], Keys: []).ToSvg());
        XDocument.Parse(Chart.Column<int, string, string>(values: [0], Keys: ["a"]).ToSvg());
    }
}
