using System.Collections.Concurrent;
using EfQat.Jupyter.Protocol;

namespace EfQat.Jupyter.Transport;

/// <summary>Where a message goes to or comes from.</summary>
enum Channel
{
    Shell, Control, Stdin, Iopub,
}

/// <summary>
/// A kernel's five sockets. One thread owns them all: it echoes heartbeats, sorts what arrives into queues and sends what others queued,
/// so a running cell never holds up the wire.
/// </summary>
sealed class KernelSockets : IDisposable
{
    readonly ZmqContext context = new();
    readonly ZmqSocket[] sockets;
    readonly ZmqSocket heartbeat, wakeUp, waker;
    readonly WireFormat wire;
    readonly ConcurrentQueue<(Channel Channel, Message Message)> outgoing = new();
    readonly Lock waking = new();
    readonly Thread thread;
    volatile bool stopping;
    bool isClosed;

    /// <summary>Listens from now on.</summary>
    /// <exception cref="UserError">A port is taken.</exception>
    public KernelSockets(ConnectionFile connection)
    {
        wire = new(connection.Key);
        ZmqSocket Bound(SocketType type, int port)
        {
            var socket = new ZmqSocket(context, type);
            socket.Bind(connection.Endpoint(port));
            return socket;
        }
        sockets =
        [
            Bound(SocketType.Router, connection.ShellPort), Bound(SocketType.Router, connection.ControlPort),
            Bound(SocketType.Router, connection.StdinPort), Bound(SocketType.Pub, connection.IopubPort),
        ];
        heartbeat = Bound(SocketType.Rep, connection.HbPort);
        wakeUp = new(context, SocketType.Pull);
        wakeUp.Bind("inproc://wake");
        waker = new(context, SocketType.Push);
        waker.Connect("inproc://wake");
        thread = new(Loop) { IsBackground = true, Name = "sockets" };
        thread.Start();
    }

    /// <summary>Requests that wait for their turn.</summary>
    public BlockingCollection<Message> Shell { get; } = [];

    /// <summary>Requests that are answered at once.</summary>
    public BlockingCollection<Message> Control { get; } = [];

    /// <summary>Answers to questions.</summary>
    public BlockingCollection<Message> Stdin { get; } = [];

    /// <summary>Queues a message; from any thread.</summary>
    public void Send(Channel channel, Message message)
    {
        outgoing.Enqueue((channel, message));
        Wake();
    }

    /// <summary>Sends what is queued and closes all sockets.</summary>
    public void Dispose()
    {
        stopping = true;
        Wake();
        thread.Join();
        lock (waking) isClosed = true; // a cell that still runs may go on printing
        Shell.CompleteAdding();
        Control.CompleteAdding();
        foreach (var socket in (ZmqSocket[])[.. sockets, heartbeat, wakeUp, waker]) socket.Dispose();
        context.Dispose();
    }

    void Wake()
    {
        lock (waking)
            if (!isClosed) waker.Send([[]]);
    }

    void Loop()
    {
        ZmqSocket[] polled = [.. sockets[..3], heartbeat, wakeUp];
        var items = polled.Select(s => new Zmq.PollItem { Socket = s.Handle, Events = Zmq.PollIn }).ToArray();
        while (!stopping)
        {
            Zmq.Poll(items, items.Length, -1);
            while (wakeUp.TryReceive() is not null) { }
            Flush();
            while (heartbeat.TryReceive() is { } beat) heartbeat.Send(beat);
            Receive(Channel.Control, Control);
            Receive(Channel.Stdin, Stdin);
            Receive(Channel.Shell, Shell);
        }
        Flush();
    }

    void Flush()
    {
        while (outgoing.TryDequeue(out var next)) sockets[(int)next.Channel].Send(wire.Encode(next.Message));
    }

    void Receive(Channel channel, BlockingCollection<Message> queue)
    {
        while (sockets[(int)channel].TryReceive() is { } frames)
            try
            {
                queue.Add(wire.Decode(frames));
            }
            catch (InvalidDataException problem)
            {
                Log.Write($"dropped a message on {channel}: {problem.Message}");
            }
    }
}
