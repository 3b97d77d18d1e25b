using System.Text.Json.Nodes;
using EfQat.Display;
using EfQat.Jupyter.Language;
using EfQat.Jupyter.Protocol;
using EfQat.Jupyter.Transport;

namespace EfQat.Jupyter.Kernel;

/// <summary>execute_request: input, outputs, result or error, reply.</summary>
sealed class Execution(NotebookSession session, KernelSockets sockets)
{
    int count;

    public History History { get; } = new();

    /// <summary>Takes over the console and starts the compiler, while the front end still connects.</summary>
    public void WarmUp()
    {
        CellConsole.Install();
        NativeOutput.Install();
        session.WarmUp(new NoOutput());
    }

    public object Run(Message message)
    {
        var request = ProtocolJson.Read<ExecuteRequest>(message.Content);
        bool isCounted = request.StoreHistory && !request.Silent;
        if (isCounted) count++;
        if (!request.Silent) sockets.Publish(message.Header, "execute_input", new ExecuteInput(request.Code, count));

        var output = new CellOutput(sockets, message, request.Silent, request.AllowStdin);
        NativeOutput.Cell = output;
        var result = session.Run(request.Code, $"cell[{count}]", output);
        CellConsole.FlushAll();
        NativeOutput.Flush();
        NativeOutput.Cell = null;
        if (isCounted) History.Add(count, request.Code, result.Output?["text/plain"]);
        if (result.Error is { } error) return Failed(message, request, error);
        if (result.Output is { } shown) output.ShowResult(shown, count);
        return new ExecuteReply(count, Evaluate(request.UserExpressions ?? [], output));
    }

    ExecuteReply Failed(Message message, ExecuteRequest request, CellError error)
    {
        if (!request.Silent) sockets.Publish(message.Header, "error", new ErrorOutput(error.Name, error.Message, error.Trace));
        if (request.StopOnError) Abort();
        return new(count, [], "error", error.Name, error.Message, error.Trace);
    }

    /// <summary>The cells that already wait would run on what this one failed to make.</summary>
    void Abort()
    {
        List<Message> others = [];
        while (sockets.Shell.TryTake(out var next))
            if (next.Type != "execute_request") others.Add(next);
            else
            {
                sockets.Publish(next.Header, "status", new KernelStatus("busy"));
                sockets.Reply(Channel.Shell, next, new Reply("aborted"));
                sockets.Publish(next.Header, "status", new KernelStatus("idle"));
            }
        others.ForEach(sockets.Shell.Add);
    }

    JsonObject Evaluate(Dictionary<string, string> expressions, CellOutput output)
    {
        var values = new JsonObject();
        foreach (var (name, code) in expressions)
        {
            var result = session.Run(code, $"user_expressions[{name}]", output);
            values[name] = result.Error is { } error
                ? new JsonObject { ["status"] = "error", ["ename"] = error.Name, ["evalue"] = error.Message, ["traceback"] = new JsonArray([.. error.Trace.Select(t => (JsonNode)t)]) }
                : new JsonObject { ["status"] = "ok", ["data"] = (result.Output ?? MimeBundle.Plain("null")).ToJson(), ["metadata"] = new JsonObject() };
        }
        return values;
    }

    sealed class NoOutput : ICellHost
    {
        public void Show(MimeBundle bundle, string id, bool update) { }

        public void Clear(bool wait) { }

        public void Write(string text, bool isError) { }

        public string ReadLine(string prompt, bool isPassword) => "";
    }
}
