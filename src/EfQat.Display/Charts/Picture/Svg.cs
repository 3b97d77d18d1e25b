using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>SVG elements; numbers invariant and to a tenth of a pixel.</summary>
static class Svg
{
    static readonly XNamespace Namespace = "http://www.w3.org/2000/svg";

    public static XElement Node(string name, params (string Name, object? Value)[] attributes) => new(
        Namespace + name,
        attributes.Where(a => a.Value is not null).Select(a => new XAttribute(a.Name, a.Value is double d ? Number(d) : a.Value!)));

    public static XElement Line(string style, double x1, double y1, double x2, double y2) =>
        Node("line", ("class", style), ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2));

    /// <summary>A text whose middle lies at <paramref name="y"/>.</summary>
    public static XElement Text(string style, double x, double y, string text, string anchor = "start", double turned = 0)
    {
        var node = Node(
            "text", ("class", style), ("x", x), ("y", y), ("dy", ".35em"), ("text-anchor", anchor),
            ("transform", turned == 0 ? null : $"rotate({Number(turned)} {Number(x)} {Number(y)})"));
        node.Value = string.Concat(text.Where(XmlConvert.IsXmlChar));
        return node;
    }

    /// <summary>What is added shows inside this rectangle only; coordinates stay.</summary>
    public static XElement Clip(double left, double top, double right, double bottom) => Node(
        "svg", ("x", left), ("y", top), ("width", right - left), ("height", bottom - top), ("overflow", "hidden"),
        ("viewBox", $"{Number(left)} {Number(top)} {Number(right - left)} {Number(bottom - top)}"));

    public static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>About how wide a text is, in pixels; fonts differ, so rather too wide.</summary>
    public static double Width(string text, double size = 12) => text.Length * size * 0.58;
}
