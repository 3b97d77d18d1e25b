using System.Text.Json.Nodes;

namespace EfQat.Display.Tests;

/// <summary>Figures against JSON written by hand from plotly.js' own reference.</summary>
public sealed class ChartTests
{
    static void Same(string expected, GenericChart chart)
    {
        var (wanted, got) = (JsonNode.Parse(expected), JsonNode.Parse(chart.ToJson()));
        Assert.True(JsonNode.DeepEquals(wanted, got), $"expected {wanted!.ToJsonString()}\n     got {got!.ToJsonString()}");
    }

    [Fact]
    public void A_line_has_its_colour_dash_and_titles() => Same(
        """
        {
          "data": [{
            "type": "scatter", "mode": "lines", "x": [1, 2, 3], "y": [0.5, 0.25, 0.125], "name": "QAT",
            "line": { "color": "#3f7fd1", "width": 3, "dash": "dash" }
          }],
          "layout": {
            "title": { "text": "Loss" },
            "xaxis": { "title": { "text": "Step" } },
            "yaxis": { "title": { "text": "Loss" }, "type": "log", "range": [-1, 0] },
            "height": 300,
            "legend": { "x": 0, "orientation": "h" }
          }
        }
        """,
        Chart.Line<int, double, string>(
                x: [1, 2, 3], y: [0.5, 0.25, 0.125], Name: "QAT",
                LineColor: MethodColors.Qat, LineWidth: 3, LineDash: StyleParam.DrawingStyle.Dash)
            .WithTitle("Loss")
            .WithXAxisStyle<int, int, string>(TitleText: "Step")
            .WithYAxisStyle<int, int, string>(TitleText: "Loss", AxisType: StyleParam.AxisType.Log, MinMax: Tuple.Create(-1, 0))
            .WithSize(Height: 300)
            .WithLegendStyle(X: 0, Orientation: StyleParam.Orientation.Horizontal));

    [Fact]
    public void Scatter_texts_stand_where_they_are_told() => Same(
        """
        {
          "data": [{
            "type": "scatter", "mode": "markers+text", "x": [1.5], "y": [2], "text": ["CWPN"], "textposition": "top center",
            "marker": { "color": "red" }, "line": { "color": "red" }
          }],
          "layout": {}
        }
        """,
        Chart.Scatter<double, int, string>(
            x: [1.5], y: [2], mode: StyleParam.Mode.Markers_Text, MultiText: ["CWPN"],
            TextPosition: StyleParam.TextPosition.TopCenter, MarkerColor: Color.fromString("red")));

    [Fact]
    public void Column_stands_and_bar_lies()
    {
        Same(
            """
            { "data": [{ "type": "bar", "orientation": "v", "x": ["a", "b"], "y": [1, 2], "marker": { "color": ["#d1495b", "rgb(1,2,3)"] } }], "layout": { "autotypenumbers": "strict" } }
            """,
            Chart.Column<int, string, string>(
                values: [1, 2], Keys: ["a", "b"], MarkerColor: Color.fromColors([MethodColors.Bwrf, Color.fromRGB(1, 2, 3)])));
        Same(
            """{ "data": [{ "type": "bar", "orientation": "h", "x": [1, 2], "y": ["a", "b"] }], "layout": { "autotypenumbers": "strict" } }""",
            Chart.Bar<int, string, string>(values: [1, 2], Keys: ["a", "b"]));
    }

    [Fact]
    public void A_heatmap_can_start_at_the_top() => Same(
        """
        {
          "data": [{ "type": "heatmap", "z": [[1, 2], [3, 4]], "y": ["conv1", "conv2"], "colorscale": "Blues" }],
          "layout": { "yaxis": { "autorange": "reversed" } }
        }
        """,
        Chart.Heatmap<int, int, string, string>(
            zData: new int[][] { [1, 2], [3, 4] }, Y: ["conv1", "conv2"], ColorScale: StyleParam.Colorscale.Blues, ReverseYAxis: true));

    [Fact]
    public void Histogram_and_box_take_raw_samples()
    {
        Same(
            """{ "data": [{ "type": "histogram", "x": [1, 1, 2], "nbinsx": 2, "opacity": 0.5 }], "layout": {} }""",
            Chart.Histogram<int, int, string>(X: [1, 1, 2], NBinsX: 2, Opacity: 0.5));
        Same(
            """{ "data": [{ "type": "box", "y": [1, 2, 3], "name": "layer 1" }], "layout": {} }""",
            Chart.BoxPlot<string, int, string>(Y: [1, 2, 3], Name: "layer 1"));
    }

    [Fact]
    public void A_number_that_is_not_finite_is_a_gap() => Same(
        """{ "data": [{ "type": "scatter", "mode": "lines", "x": [0, 1, 2], "y": [1, null, null] }], "layout": {} }""",
        Chart.Line<int, double, string>(x: [0, 1, 2], y: [1, double.NaN, double.PositiveInfinity]));

    [Fact]
    public void Points_without_partner_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Chart.Line<int, int, string>(x: [1, 2, 3], y: [1, 2]));
        Assert.StartsWith("x has 3 values and y has 2", error.Message);
    }

    [Fact]
    public void Combine_keeps_all_traces_and_the_later_layout() => Same(
        """
        {
          "data": [
            { "type": "scatter", "mode": "lines", "x": [1], "y": [1] },
            { "type": "scatter", "mode": "lines+markers", "x": [1], "y": [2] }
          ],
          "layout": { "title": { "text": "second" }, "xaxis": { "title": { "text": "Step" }, "showgrid": false } }
        }
        """,
        Chart.Combine(
        [
            Chart.Line<int, int, string>(x: [1], y: [1]).WithTitle("first").WithXAxisStyle<int, int, string>(TitleText: "Step"),
            Chart.Line<int, int, string>(x: [1], y: [2], ShowMarkers: true).WithTitle("second").WithXAxisStyle<int, int, string>(ShowGrid: false),
        ]));

    [Fact]
    public void Grid_gives_each_chart_its_axes_and_each_name_one_legend_entry() => Same(
        """
        {
          "data": [
            { "type": "box", "y": [1], "name": "QAT", "xaxis": "x", "yaxis": "y", "legendgroup": "QAT" },
            { "type": "box", "y": [2], "name": "QAT", "xaxis": "x2", "yaxis": "y2", "legendgroup": "QAT", "showlegend": false }
          ],
          "layout": {
            "grid": { "rows": 1, "columns": 2, "pattern": "independent" },
            "yaxis2": { "title": { "text": "ms" } },
            "annotations": [
              { "text": "A", "showarrow": false, "xref": "x domain", "yref": "y domain", "x": 0.5, "y": 1, "yanchor": "bottom", "font": { "size": 14 } },
              { "text": "B", "showarrow": false, "xref": "x2 domain", "yref": "y2 domain", "x": 0.5, "y": 1, "yanchor": "bottom", "font": { "size": 14 } }
            ]
          }
        }
        """,
        Chart.Grid(
            [
                Chart.BoxPlot<int, int, string>(Y: [1], Name: "QAT"),
                Chart.BoxPlot<int, int, string>(Y: [2], Name: "QAT").WithYAxisStyle<int, int, string>(TitleText: "ms"),
            ],
            nRows: 1, nCols: 2, SubPlotTitles: ["A", "B"]));

    [Fact]
    public void Grid_refuses_more_charts_than_cells()
    {
        var chart = Chart.BoxPlot<int, int, string>(Y: [1]);
        Assert.Throws<ArgumentException>(() => Chart.Grid([chart, chart, chart], nRows: 1, nCols: 2));
    }

    [Fact]
    public void Styling_leaves_the_chart_it_started_from_alone()
    {
        var plain = Chart.BoxPlot<int, int, string>(Y: [1]);
        plain.WithTitle("a title");
        Same("""{ "data": [{ "type": "box", "y": [1] }], "layout": {} }""", plain);
    }

    [Fact]
    public void Methods_keep_their_colours()
    {
        Assert.Equal(MethodColors.Cwpn, MethodColors.Of("EfQAT-CWPN 10 %"));
        Assert.Equal(MethodColors.Fp32, MethodColors.Of("fp32"));
        Assert.Contains("EfQAT-CWPL", Assert.Throws<ArgumentException>(() => MethodColors.Of("SGD")).Message);
    }
}
