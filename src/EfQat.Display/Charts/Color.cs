namespace EfQat.Display;

/// <summary>A colour as CSS writes it. Named as Plotly.NET's.</summary>
public sealed record Color
{
    Color(object css) => Css = css;

    /// <summary>The CSS text, for example <c>#3f7fd1</c>; an array of them for one colour a point or bar.</summary>
    public object Css { get; }

    /// <summary>From any CSS colour: a name, <c>#rgb</c>, <c>rgb(…)</c>.</summary>
    public static Color fromString(string css) => new(css);

    /// <summary>From <c>#rrggbb</c>.</summary>
    public static Color fromHex(string hex) => new(hex);

    /// <summary>From red, green and blue, each 0 to 255.</summary>
    public static Color fromRGB(int r, int g, int b) => new($"rgb({r},{g},{b})");

    /// <summary>One colour for each point or bar.</summary>
    public static Color fromColors(IEnumerable<Color> colors) => new(colors.Select(c => c.Css).ToArray());
}
