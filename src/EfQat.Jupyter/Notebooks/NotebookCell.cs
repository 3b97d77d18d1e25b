using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EfQat.Jupyter.Notebooks;

/// <summary>One cell of a <see cref="NotebookFile"/>.</summary>
public sealed partial class NotebookCell
{
    readonly JsonObject cell;

    internal NotebookCell(JsonObject cell) => this.cell = cell;

    /// <summary><c>code</c>, <c>markdown</c> or <c>raw</c>.</summary>
    public string Kind => cell["cell_type"]!.ToString();

    /// <summary>What is written in it.</summary>
    public string Source
    {
        get => NotebookJson.Text(cell["source"])!;
        set => cell["source"] = NotebookJson.Lines(value);
    }

    /// <summary>Labels; <c>parameters</c>, <c>raises-exception</c> and <c>skip-execution</c> mean what they mean to Jupyter's own tools.</summary>
    public IReadOnlyList<string> Tags => cell["metadata"]!["tags"] is JsonArray tags ? [.. tags.Select(tag => $"{tag}")] : [];

    /// <summary>Whether it holds code to be run.</summary>
    public bool IsRun => Kind == "code" && Source.Trim().Length > 0 && !Tags.Contains("skip-execution");

    internal JsonArray Outputs => cell["outputs"] as JsonArray ?? [];

    internal JsonObject? Attachments => cell["attachments"] as JsonObject;

    internal void SetResults(int? count, JsonArray outputs) => (cell["execution_count"], cell["outputs"]) = (count, outputs);

    /// <summary>As nbformat 4.5 has it: source as lines, and an id, made from the cell's number where it is missing, wrong or taken.</summary>
    internal void Tidy(HashSet<string> taken, int number)
    {
        Source = Source;
        var id = cell["id"]?.ToString() ?? "";
        if (!ValidId().IsMatch(id)) id = $"cell-{number}";
        for (var first = id; !taken.Add(id);) id = $"{first[..Math.Min(first.Length, 50)]}-{number++}";
        cell["id"] = id;
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex ValidId();
}
