using System.Text.Json.Nodes;

namespace EfQat.Display;

/// <summary>A histogram as the bars it becomes: bins of a round width, as many as asked for at most.</summary>
static class Bins
{
    public static JsonObject Of(JsonObject trace)
    {
        var (keys, amounts, limit) = trace["x"] is not null ? ("x", "y", trace["nbinsx"]) : ("y", "x", trace["nbinsy"]);
        double[] numbers = [.. (trace[keys] as JsonArray ?? []).OfType<JsonNode>().Select(v => (double)v)];
        var bars = trace.Copy();
        bars["orientation"] = keys == "x" ? "v" : "h";
        bars["width"] = 0.96;
        if (numbers.Length == 0)
            return bars;

        var span = numbers.Max() - numbers.Min();
        var step = span == 0 ? 1 : Axis.RoundStep(span / ((int?)limit ?? Math.Max(5, (int)Math.Sqrt(numbers.Length))));
        var first = Math.Floor(numbers.Min() / step);
        var counts = new int[(int)(Math.Floor(numbers.Max() / step) - first) + 1];
        foreach (var number in numbers)
            counts[(int)(Math.Floor(number / step) - first)]++;
        bars[keys] = new JsonArray([.. counts.Select((_, i) => (JsonNode)((first + i + 0.5) * step))]);
        bars[amounts] = new JsonArray([.. counts.Select(c => (JsonNode)(double)c)]);
        return bars;
    }
}
