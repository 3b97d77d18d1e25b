using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EfQat.Cli.Experiments;

/// <summary>Starts a command line as several workers on this machine, with the environment that torchrun would give them.</summary>
static class LocalWorkers
{
    /// <summary>Runs them all to their end; a request to stop is passed on.</summary>
    /// <param name="count">How many.</param>
    /// <param name="arguments">Each one's.</param>
    /// <param name="token">Asks them to stop.</param>
    /// <returns>The exit code of the first that failed, or 0.</returns>
    public static int Run(int count, IEnumerable<string> arguments, CancellationToken token)
    {
        int port = FreePort();
        Process[] workers = [.. Enumerable.Range(0, count).Select(rank => Start(rank, count, port, arguments))];
        void Kill(object? sender, EventArgs args) => Array.ForEach(workers, worker => worker.Kill());
        AppDomain.CurrentDomain.ProcessExit += Kill;  // a second Ctrl-C
        using (token.Register(() => Array.ForEach(workers, worker => Process.Start("kill", ["-TERM", $"{worker.Id}"]).WaitForExit())))
            Array.ForEach(workers, worker => worker.WaitForExit());
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        return workers.Select(worker => worker.ExitCode).FirstOrDefault(code => code != CommandLine.Ok);
    }

    /// <summary>In a session of its own: Ctrl-C reaches this process alone, which passes it on once.</summary>
    static Process Start(int rank, int count, int port, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("setsid", ["dotnet", typeof(LocalWorkers).Assembly.Location, .. arguments]);
        var environment = start.Environment;
        foreach (var (name, value) in new[] { ("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", count), ("MASTER_PORT", port) })
            environment[name] = value.ToString(CultureInfo.InvariantCulture);
        environment["MASTER_ADDR"] = "127.0.0.1";
        environment["GLOO_SOCKET_IFNAME"] = "lo";
        environment.TryAdd("OMP_NUM_THREADS", $"{Math.Max(1, get_num_threads() / count)}");
        return Process.Start(start)!;
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
