using System.Text.Json.Nodes;
using EfQat.Display;
using EfQat.Jupyter.Kernel;
using EfQat.Jupyter.Language;

namespace EfQat.Jupyter.Notebooks;

/// <summary>One cell's outputs, as a notebook file keeps them.</summary>
/// <param name="displays">What can be updated, by id: shared by the cells of a notebook, and what they lock.</param>
/// <param name="echo">Sees the printed text too.</param>
sealed class CollectedOutputs(Dictionary<string, JsonObject> displays, Action<string> echo) : ICellHost
{
    /// <summary>How many characters of printed text a cell keeps, so that an endless loop of prints does not fill the disk.</summary>
    public const int TextLimit = 1_000_000;

    readonly List<JsonObject> outputs = [];
    int printed;
    bool clearFirst;

    public void Show(MimeBundle bundle, string id, bool update)
    {
        CellConsole.FlushAll(); // outputs stay in the order of the cell's lines
        lock (displays)
        {
            var data = NotebookJson.Bundle(bundle.ToJson());
            if (!update) Add(displays[id] = Output("display_data", ("data", data), ("metadata", new JsonObject())));
            else if (displays.TryGetValue(id, out var shown)) shown["data"] = data;
        }
    }

    public void Clear(bool wait)
    {
        CellConsole.FlushAll();
        lock (displays)
        {
            clearFirst = true;
            if (!wait) ClearNow();
        }
    }

    public void Write(string text, bool isError)
    {
        echo(text);
        lock (displays)
        {
            if (clearFirst) ClearNow();
            int room = TextLimit - printed;
            if (room < 0) return;
            printed += text.Length;
            if (text.Length > room)
            {
                text = $"{text.AsSpan(0, room)}\n[cut here: a cell keeps {TextLimit:N0} characters of printed text]\n";
                printed = TextLimit + 1;
            }
            var name = isError ? "stderr" : "stdout";
            var stream = outputs.AsEnumerable().Reverse().TakeWhile(o => $"{o["output_type"]}" == "stream").FirstOrDefault(o => $"{o["name"]}" == name);
            if (stream is null) Add(Output("stream", ("name", name), ("text", text)));
            else stream["text"] = $"{stream["text"]}{text}";
        }
    }

    public string ReadLine(string prompt, bool isPassword) =>
        throw new InvalidOperationException("nobody can be asked for input here; set a variable in a cell instead of Console.ReadLine");

    public void ShowResult(MimeBundle bundle, int count)
    {
        CellConsole.FlushAll();
        lock (displays)
            Add(Output("execute_result", ("data", NotebookJson.Bundle(bundle.ToJson())), ("execution_count", count), ("metadata", new JsonObject())));
    }

    public void ShowError(CellError error)
    {
        CellConsole.FlushAll();
        lock (displays)
            Add(Output("error", ("ename", error.Name), ("evalue", error.Message), ("traceback", new JsonArray([.. error.Trace.Select(line => (JsonNode)line)]))));
    }

    /// <summary>The outputs as they are now.</summary>
    public JsonArray ToJson()
    {
        lock (displays)
            return [.. outputs.Select(output =>
            {
                var copy = output.DeepClone();
                if (copy["text"] is { } text) copy["text"] = NotebookJson.Lines($"{text}");
                return copy;
            })];
    }

    void Add(JsonObject output)
    {
        if (clearFirst) ClearNow();
        outputs.Add(output);
    }

    void ClearNow()
    {
        outputs.Clear();
        (printed, clearFirst) = (0, false);
    }

    static JsonObject Output(string type, params ReadOnlySpan<(string Name, JsonNode Value)> members)
    {
        var output = new JsonObject { ["output_type"] = type };
        foreach (var (name, value) in members) output[name] = value;
        return output;
    }
}
