using System.Text.Json.Nodes;

namespace EfQat.Display;

/// <summary>
/// Charts as Plotly.NET.CSharp spells them, so that a cell reads the same with that package:
/// <c>Chart.Line&lt;int, double, string&gt;(x: steps, y: losses, Name: "QAT")</c>.
/// Text is one label for all points, MultiText one for each.
/// </summary>
public static partial class Chart
{
    /// <summary>Points joined by a line.</summary>
    public static GenericChart Line<XType, YType, TextType>(
        IEnumerable<XType> x,
        IEnumerable<YType> y,
        bool? ShowMarkers = null,
        string? Name = null,
        bool? ShowLegend = null,
        double? Opacity = null,
        TextType? Text = default,
        IEnumerable<TextType>? MultiText = null,
        StyleParam.TextPosition? TextPosition = null,
        Color? MarkerColor = null,
        Color? LineColor = null,
        double? LineWidth = null,
        StyleParam.DrawingStyle? LineDash = null) =>
        Scatter(
            x, y, ShowMarkers == true ? StyleParam.Mode.Lines_Markers : StyleParam.Mode.Lines,
            Name, ShowLegend, Opacity, Text, MultiText, TextPosition, MarkerColor, LineColor, LineWidth, LineDash);

    /// <summary>Points, lines, texts, or several of these.</summary>
    public static GenericChart Scatter<XType, YType, TextType>(
        IEnumerable<XType> x,
        IEnumerable<YType> y,
        StyleParam.Mode mode,
        string? Name = null,
        bool? ShowLegend = null,
        double? Opacity = null,
        TextType? Text = default,
        IEnumerable<TextType>? MultiText = null,
        StyleParam.TextPosition? TextPosition = null,
        Color? MarkerColor = null,
        Color? LineColor = null,
        double? LineWidth = null,
        StyleParam.DrawingStyle? LineDash = null)
    {
        var (xs, ys) = SameLength(x, y);
        return Trace(
            "scatter",
            ("x", xs), ("y", ys), ("mode", ((StyleParam.Mode?)mode).Css()),
            ("name", Name), ("showlegend", ShowLegend), ("opacity", Opacity),
            ("text", Label(Text, MultiText)), ("textposition", TextPosition.Css()),
            ("marker.color", MarkerColor?.Css), ("line.color", (LineColor ?? MarkerColor)?.Css),
            ("line.width", LineWidth), ("line.dash", LineDash.Css()));
    }

    /// <summary>Vertical bars.</summary>
    public static GenericChart Column<ValuesType, KeysType, TextType>(
        IEnumerable<ValuesType> values,
        IEnumerable<KeysType>? Keys = null,
        string? Name = null,
        bool? ShowLegend = null,
        double? Opacity = null,
        TextType? Text = default,
        IEnumerable<TextType>? MultiText = null,
        Color? MarkerColor = null,
        StyleParam.TextPosition? TextPosition = null) =>
        Trace(
            "bar",
            ("x", Keys), ("y", values), ("orientation", "v"),
            ("name", Name), ("showlegend", ShowLegend), ("opacity", Opacity),
            ("text", Label(Text, MultiText)), ("textposition", TextPosition.Css()), ("marker.color", MarkerColor?.Css)).WithLayout(KeysAsTheyAre);

    /// <summary>Vertical bars, each trace on top of the one before it.</summary>
    public static GenericChart StackedColumn<ValuesType, KeysType, TextType>(
        IEnumerable<ValuesType> values, IEnumerable<KeysType>? Keys = null, string? Name = null, Color? MarkerColor = null) =>
        Column<ValuesType, KeysType, TextType>(values, Keys, Name, MarkerColor: MarkerColor).WithLayout(("barmode", "stack"));

    /// <summary>Horizontal bars.</summary>
    public static GenericChart Bar<ValuesType, KeysType, TextType>(
        IEnumerable<ValuesType> values,
        IEnumerable<KeysType>? Keys = null,
        string? Name = null,
        bool? ShowLegend = null,
        double? Opacity = null,
        TextType? Text = default,
        IEnumerable<TextType>? MultiText = null,
        Color? MarkerColor = null,
        StyleParam.TextPosition? TextPosition = null) =>
        Trace(
            "bar",
            ("x", values), ("y", Keys), ("orientation", "h"),
            ("name", Name), ("showlegend", ShowLegend), ("opacity", Opacity),
            ("text", Label(Text, MultiText)), ("textposition", TextPosition.Css()), ("marker.color", MarkerColor?.Css)).WithLayout(KeysAsTheyAre);

    /// <summary>A matrix as colours; the first row lies at the bottom unless the y axis is reversed.</summary>
    public static GenericChart Heatmap<ZType, XType, YType, TextType>(
        IEnumerable<IEnumerable<ZType>> zData,
        IEnumerable<XType>? X = null,
        IEnumerable<YType>? Y = null,
        string? Name = null,
        StyleParam.Colorscale? ColorScale = null,
        bool? ShowScale = null,
        bool? ReverseScale = null,
        bool? ReverseYAxis = null)
    {
        var chart = Trace(
            "heatmap",
            ("z", zData), ("x", X), ("y", Y), ("name", Name),
            ("colorscale", (ColorScale ?? StyleParam.Colorscale.Viridis).ToString()),
            ("showscale", ShowScale), ("reversescale", ReverseScale));
        return ReverseYAxis == true ? chart.WithLayout(("yaxis.autorange", "reversed")) : chart;
    }

    /// <summary>How often values fall into each bin.</summary>
    public static GenericChart Histogram<XType, YType, TextType>(
        IEnumerable<XType>? X = null,
        IEnumerable<YType>? Y = null,
        string? Name = null,
        bool? ShowLegend = null,
        double? Opacity = null,
        int? NBinsX = null,
        int? NBinsY = null,
        Color? MarkerColor = null) =>
        Trace(
            "histogram",
            ("x", X), ("y", Y), ("name", Name), ("showlegend", ShowLegend), ("opacity", Opacity),
            ("nbinsx", NBinsX), ("nbinsy", NBinsY), ("marker.color", MarkerColor?.Css));

    /// <summary>Quartiles, whiskers and outliers of each group.</summary>
    public static GenericChart BoxPlot<XType, YType, TextType>(
        IEnumerable<XType>? X = null,
        IEnumerable<YType>? Y = null,
        string? Name = null,
        bool? ShowLegend = null,
        Color? MarkerColor = null) =>
        Trace("box", ("x", X), ("y", Y), ("name", Name), ("showlegend", ShowLegend), ("marker.color", MarkerColor?.Css));

    /// <summary>Else plotly.js takes the keys "5 %" and "10 %" for numbers, and has no place for "QAT".</summary>
    static readonly (string, object?) KeysAsTheyAre = ("autotypenumbers", "strict");

    static GenericChart Trace(string type, params (string Path, object? Value)[] fields)
    {
        var trace = new JsonObject { ["type"] = type };
        foreach (var (path, value) in fields)
            trace.Set(path, value);
        return new([trace], []);
    }

    static object? Label<TextType>(TextType? text, IEnumerable<TextType>? multiText) =>
        multiText ?? (EqualityComparer<TextType>.Default.Equals(text, default) ? null : (object?)text);

    static (XType[] X, YType[] Y) SameLength<XType, YType>(IEnumerable<XType> x, IEnumerable<YType> y)
    {
        XType[] xs = [.. x];
        YType[] ys = [.. y];
        return xs.Length == ys.Length ? (xs, ys)
            : throw new ArgumentException($"x has {xs.Length} values and y has {ys.Length}; a point needs both", nameof(y));
    }
}
