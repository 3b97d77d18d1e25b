using System.Diagnostics;
using System.Text.Json.Nodes;
using EfQat.Jupyter.Notebooks;

namespace EfQat.Jupyter.Tests.Notebooks;

/// <summary>Small notebooks in a folder that goes away.</summary>
public abstract class NotebookTest : IDisposable
{
    protected const string Python = "/usr/bin/python3";

    protected string Folder { get; } = Directory.CreateTempSubdirectory("efqat-notebooks-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    protected static JsonObject Code(string source, params string[] tags) => new()
    {
        ["cell_type"] = "code",
        ["metadata"] = new JsonObject { ["tags"] = new JsonArray([.. tags.Select(tag => (JsonNode)tag)]) },
        ["source"] = source,
        ["outputs"] = new JsonArray(),
        ["execution_count"] = null,
    };

    protected static JsonObject Text(string kind, string source) => new() { ["cell_type"] = kind, ["metadata"] = new JsonObject(), ["source"] = source };

    /// <summary>Writes a notebook, of nbformat 4.4 and so without ids.</summary>
    protected string Write(params JsonObject[] cells) => WriteText(new JsonObject
    {
        ["nbformat"] = 4,
        ["nbformat_minor"] = 4,
        ["metadata"] = new JsonObject { ["mine"] = new JsonObject { ["z"] = 1, ["a"] = 1e-5 } },
        ["cells"] = new JsonArray([.. cells]),
    }.ToJsonString());

    protected string WriteText(string text)
    {
        var path = Path.Combine(Folder, "notebook.ipynb");
        File.WriteAllText(path, text);
        return path;
    }

    private protected static (NotebookFile Notebook, RunFailure? Failure) Run(string path, RecordingView? view = null, CancellationToken stop = default)
    {
        var notebook = NotebookFile.Read(path);
        return (notebook, NotebookRunner.Run(notebook, view ?? new(), stop));
    }

    /// <summary>The outputs of all code cells, run and saved.</summary>
    private protected JsonNode[][] Outputs(params JsonObject[] cells)
    {
        var path = Write(cells);
        Run(path).Notebook.Save(path);
        return [.. JsonNode.Parse(File.ReadAllText(path))!["cells"]!.AsArray().Where(c => c!["outputs"] is not null).Select(c => c!["outputs"]!.AsArray().Select(output => output!).ToArray())];
    }

    protected static string Joined(JsonNode? lines) => string.Concat(lines!.AsArray().Select(line => line!.ToString()));

    protected static (int Code, string Text) Execute(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors.Result + output);
    }
}

sealed class RecordingView : IRunView
{
    public List<string> Events { get; } = [];

    public Action<string> OnPrinted { get; init; } = _ => { };

    public void OnStart(int number, int count) => Events.Add($"start {number}/{count}");

    public void OnText(string text) => OnPrinted(text);

    public void OnEnd(int number, int count, TimeSpan time) => Events.Add($"end {number}/{count}");
}
