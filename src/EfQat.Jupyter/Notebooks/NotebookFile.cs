using System.Text.Json;
using System.Text.Json.Nodes;
using EfQat.Display;

namespace EfQat.Jupyter.Notebooks;

/// <summary>A notebook of C# cells, nbformat 4 (https://nbformat.readthedocs.io/en/latest/format_description.html).</summary>
public sealed class NotebookFile
{
    const int Major = 4, Minor = 5;
    static readonly string[] Kinds = ["code", "markdown", "raw"];
    readonly JsonObject root;

    NotebookFile(string path, JsonObject root)
    {
        (Path, this.root) = (path, root);
        if (root["nbformat"] is not JsonValue version || !version.TryGetValue(out int major)) throw Wrong("not a notebook: it has no nbformat number");
        if (major < Major) throw Wrong($"nbformat {major} is too old; convert it with: jupyter nbconvert --to notebook {path}");
        if (major > Major) throw Wrong($"nbformat {major} is newer than {Major}, which is known here; save it as nbformat {Major}");
        if (root["cells"] is not JsonArray cells || root["metadata"] is not JsonObject) throw Wrong("not a notebook: cells or metadata are missing");
        Cells = [.. cells.Select((cell, i) => Check(cell as JsonObject, i + 1))];
        if (Language is { } language && language.ToLowerInvariant() is not ("c#" or "csharp"))
            throw Wrong($"its cells are {language}, not C#; choose the kernel C# (EfQat) in the notebook, or run it with its own kernel");
    }

    /// <summary>Where it was read from, absolute.</summary>
    public string Path { get; }

    /// <summary>Top to bottom.</summary>
    public IReadOnlyList<NotebookCell> Cells { get; }

    string? Language => (root["metadata"]!["kernelspec"] as JsonObject)?["language"]?.ToString()
        ?? (root["metadata"]!["language_info"] as JsonObject)?["name"]?.ToString();

    /// <summary>Reads a notebook.</summary>
    /// <exception cref="UserError">There is none, or it is not of this kind; the message says what to do.</exception>
    public static NotebookFile Read(string path)
    {
        if (Directory.Exists(path)) throw new UserError($"{path}: a folder; name a notebook in it");
        if (!File.Exists(path)) throw new UserError($"{path}: no such file");
        try
        {
            var json = JsonNode.Parse(File.ReadAllText(path), documentOptions: new() { AllowDuplicateProperties = false });
            return new(System.IO.Path.GetFullPath(path), json as JsonObject ?? throw new UserError($"{path}: not a notebook, which is a JSON object"));
        }
        catch (JsonException problem)
        {
            throw new UserError($"{path}: not JSON: {problem.Message}");
        }
    }

    /// <summary>Writes it as Jupyter does, whole or not at all; cells get the ids that nbformat 4.5 asks for.</summary>
    public void Save(string path)
    {
        root["nbformat_minor"] = root["nbformat_minor"] is JsonValue value && value.TryGetValue(out int minor) ? Math.Max(Minor, minor) : Minor;
        HashSet<string> ids = [];
        for (int i = 0; i < Cells.Count; i++) Cells[i].Tidy(ids, i + 1);
        WholeFile.Write(path, NotebookJson.Write(root));
    }

    NotebookCell Check(JsonObject? cell, int number)
    {
        if (cell is null) throw Wrong($"cell {number}: not an object");
        if (!Kinds.Contains(cell["cell_type"]?.ToString())) throw Wrong($"cell {number}: cell_type is none of {string.Join(", ", Kinds)}");
        if (cell["metadata"] is not JsonObject) throw Wrong($"cell {number}: metadata is missing");
        if (NotebookJson.Text(cell["source"]) is null) throw Wrong($"cell {number}: source is no text");
        return new(cell);
    }

    UserError Wrong(string what) => new($"{Path}: {what}");
}
