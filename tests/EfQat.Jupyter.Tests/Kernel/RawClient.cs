using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EfQat.Jupyter.Transport;

namespace EfQat.Jupyter.Tests.Kernel;

/// <summary>What a request led to: the reply's content and the outputs, up to idle.</summary>
sealed record Exchange(JsonElement Reply, IReadOnlyList<(string Type, JsonElement Content)> Outputs, TimeSpan Time)
{
    public string Status => Reply.GetProperty("status").GetString()!;

    /// <summary>The plain text of the result.</summary>
    public string? Result => Of("execute_result") is [var result] ? Plain(result) : null;

    public string Stream(string name) => string.Concat(
        Of("stream").Where(o => o.GetProperty("name").GetString() == name).Select(o => o.GetProperty("text").GetString()));

    public JsonElement[] Of(string type) => [.. Outputs.Where(o => o.Type == type).Select(o => o.Content)];

    public static string Plain(JsonElement display) => display.GetProperty("data").GetProperty("text/plain").GetString()!;
}

/// <summary>A Jupyter client made of frames: it builds and signs messages by the protocol's text, not by the kernel's code.</summary>
sealed class RawClient : IDisposable
{
    readonly ZmqContext context = new();
    readonly ZmqSocket shell, control, stdin, iopub, heartbeat;
    readonly byte[] key;
    readonly Dictionary<string, List<(string Type, JsonElement Content)>> outputs = [];
    readonly Dictionary<string, JsonElement> replies = [];

    public RawClient(KernelProcess kernel)
    {
        key = Encoding.UTF8.GetBytes(kernel.Key);
        string identity = Guid.NewGuid().ToString();
        ZmqSocket Connected(SocketType type, int port)
        {
            var socket = new ZmqSocket(context, type);
            if (type == SocketType.Dealer) socket.SetIdentity(identity);
            if (type == SocketType.Sub) socket.Subscribe();
            socket.Connect($"tcp://127.0.0.1:{port}");
            return socket;
        }
        shell = Connected(SocketType.Dealer, kernel.Ports[0]);
        control = Connected(SocketType.Dealer, kernel.Ports[1]);
        iopub = Connected(SocketType.Sub, kernel.Ports[2]);
        stdin = Connected(SocketType.Dealer, kernel.Ports[3]);
        heartbeat = Connected(SocketType.Req, kernel.Ports[4]);
    }

    /// <summary>The answer to an input_request's prompt; null leaves it open.</summary>
    public Func<string, string?> Answer { get; set; } = _ => null;

    /// <summary>Waits until the kernel answers and its outputs arrive here.</summary>
    public RawClient Ready()
    {
        for (int i = 0; i < 120; i++)
        {
            string id = Send(shell, "kernel_info_request", new { });
            if (Until(() => replies.ContainsKey(id) && IsIdle(id), 500)) return this;
        }
        throw new TimeoutException("the kernel does not answer");
    }

    public Exchange Request(string type, object content, bool onControl = false, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        return Finish(Send(onControl ? control : shell, type, content), seconds, clock);
    }

    public Exchange Run(string code, int seconds = 60) => Request("execute_request", Cell(code), seconds: seconds);

    /// <summary>Starts a cell; <see cref="Finish"/> waits for it.</summary>
    public string Start(string code, bool stopOnError = true) => Send(shell, "execute_request", Cell(code, stopOnError));

    public Exchange Finish(string id, int seconds = 60, Stopwatch? clock = null)
    {
        if (!Until(() => replies.ContainsKey(id) && IsIdle(id), seconds * 1000)) throw new TimeoutException($"no reply within {seconds} s");
        return new(replies[id], outputs[id], clock?.Elapsed ?? default);
    }

    /// <summary>What a cell has shown so far.</summary>
    public bool WaitFor(string id, string type) => Until(() => outputs.GetValueOrDefault(id)?.Any(o => o.Type == type) == true, 30_000);

    public bool Beats()
    {
        heartbeat.Send([[1, 2, 3]]);
        for (int i = 0; i < 1000; i++, Thread.Sleep(1))
            if (heartbeat.TryReceive() is [[1, 2, 3]]) return true;
        return false;
    }

    /// <summary>Sends frames as they are.</summary>
    public void SendRaw(params byte[][] frames) => shell.Send(frames);

    /// <summary>The frames of a message, signed with a key.</summary>
    public byte[][] Frames(string type, string content, out string id, byte[]? otherKey = null, string? header = null)
    {
        id = Guid.NewGuid().ToString();
        header ??= JsonSerializer.Serialize(new { msg_id = id, session = "test", username = "test", date = "2026-01-01T00:00:00Z", msg_type = type, version = "5.4" });
        byte[][] parts = [.. new[] { header, "{}", "{}", content }.Select(Encoding.UTF8.GetBytes)];
        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(otherKey ?? key, parts.SelectMany(p => p).ToArray()));
        return ["<IDS|MSG>"u8.ToArray(), Encoding.ASCII.GetBytes(signature), .. parts];
    }

    public void Dispose()
    {
        foreach (var socket in new[] { shell, control, stdin, iopub, heartbeat }) socket.Dispose();
        context.Dispose();
    }

    static object Cell(string code, bool stopOnError = true) =>
        new { code, silent = false, store_history = true, user_expressions = new { }, allow_stdin = true, stop_on_error = stopOnError };

    string Send(ZmqSocket socket, string type, object content)
    {
        socket.Send(Frames(type, JsonSerializer.Serialize(content), out var id));
        return id;
    }

    bool IsIdle(string id) =>
        outputs.GetValueOrDefault(id)?.Any(o => o.Type == "status" && o.Content.GetProperty("execution_state").GetString() == "idle") == true;

    bool Until(Func<bool> condition, int milliseconds)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); Thread.Sleep(1))
        {
            if (clock.ElapsedMilliseconds > milliseconds) return false;
            foreach (var socket in new[] { shell, control })
                while (socket.TryReceive() is { } frames)
                    replies[Read(frames).Parent] = Read(frames).Content;
            while (stdin.TryReceive() is { } frames)
                if (Answer(Read(frames).Content.GetProperty("prompt").GetString()!) is { } value)
                    Send(stdin, "input_reply", new { value });
            while (iopub.TryReceive() is { } frames)
            {
                var (type, parent, content) = Read(frames);
                if (!outputs.TryGetValue(parent, out var list)) outputs[parent] = list = [];
                list.Add((type, content));
            }
        }
        return true;
    }

    (string Type, string Parent, JsonElement Content) Read(List<byte[]> frames)
    {
        int at = frames.FindIndex(f => f.AsSpan().SequenceEqual("<IDS|MSG>"u8));
        byte[] expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(HMACSHA256.HashData(key, frames.Skip(at + 2).Take(4).SelectMany(p => p).ToArray())));
        Assert.Equal(expected, frames[at + 1]);
        JsonElement Json(int i) => JsonSerializer.Deserialize<JsonElement>(frames[at + i]);
        return (Json(2).GetProperty("msg_type").GetString()!, Json(3).TryGetProperty("msg_id", out var parent) ? parent.GetString()! : "", Json(5));
    }
}
