namespace EfQat.Display;

/// <summary>Titles, axes, legend and size of a chart. Names and parameters are Plotly.NET.CSharp's.</summary>
public static class ChartStyle
{
    /// <summary>Sets the title.</summary>
    public static GenericChart WithTitle(this GenericChart gChart, string title) =>
        gChart.WithLayout(("title", new { text = title }));

    /// <summary>Styles the x axis; on a log axis <paramref name="MinMax"/> is in powers of ten.</summary>
    public static GenericChart WithXAxisStyle<MinType, MaxType, CategoryArrayType>(
        this GenericChart gChart,
        string? TitleText = null,
        StyleParam.AxisType? AxisType = null,
        Tuple<MinType, MaxType>? MinMax = null,
        bool? ShowGrid = null,
        bool? ZeroLine = null,
        IEnumerable<CategoryArrayType>? CategoryArray = null) =>
        gChart.WithAxis("xaxis", TitleText, AxisType, Range(MinMax), ShowGrid, ZeroLine, CategoryArray);

    /// <summary>Styles the y axis; on a log axis <paramref name="MinMax"/> is in powers of ten.</summary>
    public static GenericChart WithYAxisStyle<MinType, MaxType, CategoryArrayType>(
        this GenericChart gChart,
        string? TitleText = null,
        StyleParam.AxisType? AxisType = null,
        Tuple<MinType, MaxType>? MinMax = null,
        bool? ShowGrid = null,
        bool? ZeroLine = null,
        IEnumerable<CategoryArrayType>? CategoryArray = null) =>
        gChart.WithAxis("yaxis", TitleText, AxisType, Range(MinMax), ShowGrid, ZeroLine, CategoryArray);

    /// <summary>Sets the size, in pixels. Without a width the chart fills its column.</summary>
    public static GenericChart WithSize(this GenericChart gChart, int? Width = null, int? Height = null) =>
        gChart.WithLayout(("width", Width), ("height", Height));

    /// <summary>Places the legend; X and Y are fractions of the plotting area.</summary>
    public static GenericChart WithLegendStyle(
        this GenericChart gChart, double? X = null, double? Y = null, StyleParam.Orientation? Orientation = null) =>
        gChart.WithLayout(("legend.x", X), ("legend.y", Y), ("legend.orientation", Orientation.Css()));

    static GenericChart WithAxis(
        this GenericChart chart, string axis, string? title, StyleParam.AxisType? type, object?[]? range,
        bool? showGrid, bool? zeroLine, object? categories) =>
        chart.WithLayout(
            ($"{axis}.title.text", title),
            ($"{axis}.type", type.Css()),
            ($"{axis}.range", range),
            ($"{axis}.showgrid", showGrid),
            ($"{axis}.zeroline", zeroLine),
            ($"{axis}.categoryorder", categories is null ? null : "array"),
            ($"{axis}.categoryarray", categories));

    static object?[]? Range<MinType, MaxType>(Tuple<MinType, MaxType>? minMax) =>
        minMax is null ? null : [minMax.Item1, minMax.Item2];
}
