using System.Text.Json;
using EfQat.Jupyter.Protocol;
using EfQat.Jupyter.Transport;

namespace EfQat.Jupyter.Kernel;

/// <summary>
/// The C# kernel of Jupyter, protocol 5.4. Shell requests take their turn on one thread, control requests on another, so that a running cell
/// can be stopped; sockets have a third.
/// </summary>
public sealed class JupyterKernel : IDisposable
{
    readonly KernelSockets sockets;
    readonly NotebookSession session = new();
    readonly ManualResetEventSlim stopped = new();
    readonly Execution execution;
    readonly Dictionary<string, Func<Message, object>> shell, control;

    /// <summary>Listens and answers from now on.</summary>
    /// <exception cref="UserError">A port is taken.</exception>
    public JupyterKernel(ConnectionFile connection)
    {
        sockets = new(connection);
        execution = new(session, sockets);
        control = new()
        {
            ["kernel_info_request"] = _ => KernelInfo.Reply,
            ["interrupt_request"] = _ => Interrupt(),
            ["shutdown_request"] = request => new ShutdownReply(ProtocolJson.Read<ShutdownRequest>(request.Content).Restart),
        };
        var questions = new Questions(session);
        shell = new(control)
        {
            ["execute_request"] = execution.Run,
            ["complete_request"] = request => questions.Complete(ProtocolJson.Read<CompleteRequest>(request.Content)),
            ["inspect_request"] = request => questions.Inspect(ProtocolJson.Read<InspectRequest>(request.Content)),
            ["is_complete_request"] = request => Questions.IsComplete(ProtocolJson.Read<IsCompleteRequest>(request.Content)),
            ["history_request"] = request => execution.History.Find(ProtocolJson.Read<HistoryRequest>(request.Content)),
            ["comm_info_request"] = _ => new CommInfoReply([]),
        };
        Start("shell", sockets.Shell.GetConsumingEnumerable, Channel.Shell, shell, execution.WarmUp);
        Start("control", sockets.Control.GetConsumingEnumerable, Channel.Control, control, () => { });
    }

    /// <summary>Waits for a shutdown request, or for the token.</summary>
    public void Wait(CancellationToken stop)
    {
        using var registration = stop.Register(stopped.Set);
        using var parent = ParentProcess.WhenGone(stopped.Set);
        stopped.Wait(CancellationToken.None);
        session.Interrupt();
    }

    /// <summary>Sends what is left and closes the sockets.</summary>
    public void Dispose() => sockets.Dispose();

    void Start(string name, Func<IEnumerable<Message>> requests, Channel channel, Dictionary<string, Func<Message, object>> handlers, Action first)
    {
        new Thread(() =>
        {
            first();
            foreach (var request in requests()) Answer(request, channel, handlers);
        }) { IsBackground = true, Name = name }.Start();
    }

    void Answer(Message request, Channel channel, Dictionary<string, Func<Message, object>> handlers)
    {
        sockets.Publish(request.Header, "status", new KernelStatus("busy"));
        try
        {
            if (handlers.TryGetValue(request.Type, out var handler)) sockets.Reply(channel, request, handler(request));
            else if (request.Type == "comm_open") sockets.Publish(request.Header, "comm_close", new CommClose(ProtocolJson.Read<CommOpen>(request.Content).CommId, []));
            else Log.Write($"ignored a {request.Type}");
        }
        catch (Exception problem)
        {
            if (problem is not JsonException) Log.Write($"{request.Type}: {problem}");
            sockets.Reply(channel, request, new Reply("error", problem.GetType().Name, problem.Message, []));
        }
        sockets.Publish(request.Header, "status", new KernelStatus("idle"));
        if (request.Type == "shutdown_request") stopped.Set();
    }

    Reply Interrupt()
    {
        session.Interrupt();
        return new();
    }
}
