using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EfQat.Display;

/// <summary>The values that a trace needs room for along one axis.</summary>
/// <param name="Values">Numbers or category names.</param>
/// <param name="Around">Half the width of what is drawn around each, in axis units.</param>
/// <param name="FromZero">Whether it grows from zero, as bars do.</param>
sealed record Extent(IEnumerable<JsonNode?> Values, double Around = 0, bool FromZero = false);

/// <summary>A labelled place on an axis, in axis units.</summary>
readonly record struct Tick(double Position, string Label);

/// <summary>One axis: from values (numbers, their logarithms, or categories) to pixels.</summary>
sealed class Axis
{
    readonly List<string> categories = [];
    readonly bool isCategory;
    double low, high, from, to;

    /// <param name="style">The layout's entry of this axis.</param>
    /// <param name="extents">What is drawn on it.</param>
    public Axis(JsonObject? style, IReadOnlyList<Extent> extents)
    {
        Title = (string?)style?["title"]?["text"];
        IsLog = (string?)style?["type"] == "log";
        ShowGrid = (bool?)style?["showgrid"];
        Reversed = (string?)style?["autorange"] == "reversed";
        var values = extents.SelectMany(e => e.Values).ToList();
        isCategory = (string?)style?["type"] == "category" || values.Any(v => v?.GetValueKind() == JsonValueKind.String);
        if (isCategory)
            categories = [.. (style?["categoryarray"] as JsonArray ?? []).Concat(values).OfType<JsonNode>().Select(v => v.ToString()).Distinct()];
        (low, high) = style?["range"] is JsonArray range ? ((double)range[0]!, (double)range[1]!)
            : isCategory ? (-0.5, categories.Count - 0.5)
            : Around(extents);
    }

    public string? Title { get; }

    public bool IsLog { get; }

    public bool? ShowGrid { get; }

    public bool Reversed { get; }

    /// <summary>Where bars start.</summary>
    public double Base => IsLog ? low : Math.Clamp(0, Math.Min(low, high), Math.Max(low, high));

    /// <summary>Lays the axis between two pixels.</summary>
    public void Place(double start, double end) => (from, to) = Reversed ? (end, start) : (start, end);

    /// <summary>A value in axis units; NaN where it has no place.</summary>
    public double Position(JsonNode? value) => value is null ? double.NaN
        : isCategory ? categories.IndexOf(value.ToString())
        : IsLog ? Math.Log10((double)value) is var power && double.IsFinite(power) ? power : double.NaN
        : (double)value;

    public double Pixel(double position) => from + (position - low) / (high - low) * (to - from);

    public double Pixel(JsonNode? value) => Pixel(Position(value));

    /// <summary>The distance between neighbours, in axis units.</summary>
    public double Spacing(IEnumerable<JsonNode?> values)
    {
        double[] sorted = [.. values.Select(Position).Where(double.IsFinite).Distinct().Order()];
        return sorted.Length < 2 ? 1 : sorted.Zip(sorted.Skip(1), (a, b) => b - a).Min();
    }

    /// <summary>Round positions and their labels, about <paramref name="count"/> of them; of categories as many as are there.</summary>
    public IEnumerable<Tick> Ticks(int count)
    {
        var (start, end) = (Math.Min(low, high), Math.Max(low, high));
        if (isCategory)
            return categories.Index().Where(c => c.Index >= start && c.Index <= end).Select(c => new Tick(c.Index, c.Item));
        if (IsLog)
            return LogTicks(start, end, count);
        var step = RoundStep((end - start) / count);
        var first = Math.Ceiling(start / step - 1e-9);
        var last = Math.Floor(end / step + 1e-9);
        return Enumerable.Range(0, (int)(last - first) + 1).Select(i => new Tick((first + i) * step, Label((first + i) * step)));
    }

    /// <summary>The next of 1, 2, 5 times a power of ten.</summary>
    public static double RoundStep(double atLeast)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        return power * (atLeast / power) switch { <= 1 + 1e-9 => 1, <= 2 + 1e-9 => 2, <= 5 + 1e-9 => 5, _ => 10 };
    }

    static IEnumerable<Tick> LogTicks(double start, double end, int count)
    {
        int[] digits = end - start > 3 ? [1] : end - start > 1 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
        var every = Math.Max(1, (int)Math.Ceiling((end - start) / count));
        for (var power = (int)Math.Floor(start); power <= end; power += every)
            foreach (var digit in digits)
                if (power + Math.Log10(digit) is var at && at >= start - 1e-9 && at <= end + 1e-9)
                    yield return new(at, Label(digit * Math.Pow(10, power)));
    }

    static string Label(double value)
    {
        var (scaled, unit) = Math.Abs(value) switch
        {
            >= 1e9 => (value / 1e9, "G"),
            >= 1e6 => (value / 1e6, "M"),
            >= 1e4 => (value / 1e3, "k"),
            _ => (value, ""),
        };
        var format = Math.Abs(value) is < 1e-4 and > 0 ? "0.###e+0" : "0.######";
        return scaled.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−') + unit;
    }

    (double, double) Around(IReadOnlyList<Extent> extents)
    {
        var (min, max) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var extent in extents)
            foreach (var at in extent.Values.Select(Position).Where(double.IsFinite))
                (min, max) = (Math.Min(min, at - extent.Around), Math.Max(max, at + extent.Around));
        if (min > max)
            return (0, 1);
        var fromZero = !IsLog && extents.Any(e => e.FromZero);
        if (fromZero)
            (min, max) = (Math.Min(min, 0), Math.Max(max, 0));
        if (min == max)
            return (min - 0.5, max + 0.5);
        var pad = extents.Any(e => e.Around > 0) ? 0 : 0.05 * (max - min);
        return (fromZero && min == 0 ? 0 : min - pad, fromZero && max == 0 ? 0 : max + pad);
    }
}
