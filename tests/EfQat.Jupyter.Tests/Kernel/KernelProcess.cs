using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EfQat.Cli;

namespace EfQat.Jupyter.Tests.Kernel;

/// <summary>A real kernel: <c>efqat kernel run</c> as a program of its own, with the connection file a front end would write.</summary>
public sealed class KernelProcess : IDisposable
{
    readonly string file = Path.Combine(Path.GetTempPath(), $"efqat-{Guid.NewGuid():N}.json");

    public KernelProcess() : this([]) { }

    internal KernelProcess(IEnumerable<(string Name, string Value)> environment)
    {
        Ports = FreePorts(5);
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            shell_port = Ports[0], control_port = Ports[1], iopub_port = Ports[2], stdin_port = Ports[3], hb_port = Ports[4],
            ip = "127.0.0.1", transport = "tcp", key = Key, signature_scheme = "hmac-sha256",
        }));
        var start = new ProcessStartInfo("dotnet", [typeof(CommandLine).Assembly.Location, "kernel", "run", file])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        SinceStart = Stopwatch.StartNew();
        Process = Process.Start(start)!;
        Process.ErrorDataReceived += (_, line) => { lock (Log) Log.Add(line.Data ?? ""); };
        Process.BeginErrorReadLine();
    }

    public string Key { get; } = "a key of the test";

    public int[] Ports { get; }

    public Process Process { get; }

    public List<string> Log { get; } = [];

    internal Stopwatch SinceStart { get; }

    public long Memory
    {
        get
        {
            Process.Refresh();
            return Process.WorkingSet64;
        }
    }

    public void Dispose()
    {
        Process.Kill();
        Process.WaitForExit();
        Process.Dispose();
        File.Delete(file);
    }

    static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (var listener in listeners) listener.Start();
        int[] ports = [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        foreach (var listener in listeners) listener.Stop();
        return ports;
    }
}
