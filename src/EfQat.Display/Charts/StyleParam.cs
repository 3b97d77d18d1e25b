namespace EfQat.Display;

#pragma warning disable CS1591 // the members are plotly.js's own words

/// <summary>The choices plotly.js offers, named as in Plotly.NET.</summary>
public static class StyleParam
{
    /// <summary>What a scatter trace draws.</summary>
    public enum Mode { Lines, Markers, Text, Lines_Markers, Lines_Text, Markers_Text, Lines_Markers_Text }

    /// <summary>How a line is drawn.</summary>
    public enum DrawingStyle { Solid, Dash, Dot, DashDot, LongDash }

    /// <summary>The kind of an axis.</summary>
    public enum AxisType { Auto, Linear, Log, Date, Category }

    /// <summary>The direction of a legend.</summary>
    public enum Orientation { Vertical, Horizontal }

    /// <summary>Where a text stands beside its point or bar.</summary>
    public enum TextPosition { TopLeft, TopCenter, TopRight, MiddleLeft, MiddleCenter, MiddleRight, BottomLeft, BottomCenter, BottomRight, Inside, Outside, Auto }

    /// <summary>How numbers become colours.</summary>
    public enum Colorscale { Viridis, Cividis, Blues, Greens, RdBu, Greys }

    internal static string? Css(this Mode? mode) => mode?.ToString().ToLowerInvariant().Replace('_', '+');

    internal static string? Css(this DrawingStyle? style) => style?.ToString().ToLowerInvariant();

    internal static string? Css(this AxisType? type) => type is AxisType.Auto ? "-" : type?.ToString().ToLowerInvariant();

    internal static string? Css(this Orientation? orientation) => orientation switch
    {
        null => null,
        Orientation.Vertical => "v",
        _ => "h",
    };

    internal static string? Css(this TextPosition? position)
    {
        var name = position?.ToString();
        foreach (var row in (string[])["Top", "Middle", "Bottom"])
            if (name?.StartsWith(row, StringComparison.Ordinal) == true)
                name = row + " " + name[row.Length..];
        return name?.ToLowerInvariant();
    }
}
