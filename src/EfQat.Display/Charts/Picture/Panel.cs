using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace EfQat.Display;

/// <summary>One pair of axes with its traces, in a cell of the picture.</summary>
sealed class Panel
{
    readonly Marks[] marks;
    readonly Axis x, y;
    readonly string? title;

    public Panel(IEnumerable<Marks> drawn, JsonObject? xStyle, JsonObject? yStyle, string? title, bool stacked)
    {
        (marks, this.title) = ([.. drawn], title);
        BarMarks[] bars = [.. marks.OfType<BarMarks>()];
        foreach (var (i, bar) in bars.Index())
            if (!stacked) bar.Slot = (i, bars.Length);
            else if (i > 0) bar.StackOn(bars[i - 1]);
        x = new(xStyle, [.. marks.Select(m => m.X)]);
        y = new(yStyle, [.. marks.Select(m => m.Y)]);
    }

    /// <summary>Draws into a rectangle, tick labels and titles included.</summary>
    public IEnumerable<XElement> Draw(double left, double top, double right, double bottom)
    {
        var heatmap = marks.OfType<HeatmapMarks>().FirstOrDefault(h => h.ShowScale);
        Tick[] yTicks = [.. Thin(y.Ticks(Math.Max(2, (int)(bottom - top) / 45)), (int)(bottom - top) / 14)];
        var labelWidth = Widest(yTicks);
        left += 12 + labelWidth + (y.Title is null ? 0 : 24);
        right -= heatmap is null ? 12 : 64;
        top += title is null ? 8 : 26;

        Tick[] xTicks = [.. Thin(x.Ticks(Math.Max(2, (int)(right - left) / 70)), (int)(right - left) / 16)];
        var turned = Widest(xTicks) + 6 > (right - left) / Math.Max(1, xTicks.Length);
        var labelHeight = turned ? Math.Min(110, Widest(xTicks) * 0.7 + 14) : 24;
        bottom -= labelHeight + (x.Title is null ? 0 : 22);
        x.Place(left, right);
        y.Place(bottom, top);

        foreach (var node in Grid(xTicks, yTicks, left, top, right, bottom).Concat(Labels(xTicks, yTicks, left, bottom, turned)))
            yield return node;
        var plot = Svg.Clip(left - 6, top - 6, right + 6, bottom + 6); // points on the edge stay whole
        plot.Add(marks.Select(mark => mark.Group(x, y)));
        yield return plot;
        yield return Svg.Line("axis", left, bottom, right, bottom);
        foreach (var node in heatmap?.Scale(right + 14, top, bottom) ?? [])
            yield return node;
        if (title is not null)
            yield return Svg.Text("ink", (left + right) / 2, top - 14, title, "middle");
        if (x.Title is not null)
            yield return Svg.Text("soft name", (left + right) / 2, bottom + labelHeight + 10, x.Title, "middle");
        if (y.Title is not null)
            yield return Svg.Text("soft name", left - labelWidth - 24, (top + bottom) / 2, y.Title, "middle", -90);
    }

    IEnumerable<XElement> Grid(Tick[] xTicks, Tick[] yTicks, double left, double top, double right, double bottom)
    {
        if (marks.Any(m => m is HeatmapMarks))
            yield break;
        foreach (var (at, _) in y.ShowGrid == false ? [] : yTicks)
            yield return Svg.Line("grid", left, y.Pixel(at), right, y.Pixel(at));
        foreach (var (at, _) in x.ShowGrid == true || marks.Any(m => m is BarMarks { Lies: true }) ? xTicks : [])
            yield return Svg.Line("grid", x.Pixel(at), top, x.Pixel(at), bottom);
    }

    IEnumerable<XElement> Labels(Tick[] xTicks, Tick[] yTicks, double left, double bottom, bool turned)
    {
        foreach (var (at, label) in yTicks)
            yield return Svg.Text("soft", left - 7, y.Pixel(at), label, "end");
        foreach (var (at, label) in xTicks)
            yield return turned
                ? Svg.Text("soft", x.Pixel(at) + 3, bottom + 12, label, "end", -40)
                : Svg.Text("soft", x.Pixel(at), bottom + 14, label, "middle");
    }

    static double Widest(Tick[] ticks) => ticks.Select(t => Svg.Width(t.Label)).DefaultIfEmpty().Max();

    /// <summary>Every second, third, … where there is no room for all.</summary>
    static IEnumerable<Tick> Thin(IEnumerable<Tick> ticks, int room)
    {
        Tick[] all = [.. ticks];
        var every = all.Length / Math.Max(1, room) + 1;
        return all.Where((_, i) => i % every == 0);
    }
}
