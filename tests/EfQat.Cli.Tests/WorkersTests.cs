#if LOCAL_TORCH
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Tests;

/// <summary>Data-parallel training in real processes.</summary>
public sealed class WorkersTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-workers-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string Checkpoint(string run) => Path.Combine(folder, run, "training.safetensors");

    /// <summary>24 steps of EfQAT on ResNet-20 from random weights.</summary>
    string[] Arguments(string run, params string[] more)
    {
        var (data, fp32) = (TinyData.Write(folder, 64), Path.Combine(folder, "fp32.safetensors"));
        if (!File.Exists(fp32))
        {
            torch.manual_seed(1);
            using var model = ResNet.Create("resnet20", 3, 10);
            SafeTensors.Write(fp32, model.state_dict(), new Dictionary<string, string>());
        }
        return
        [
            "train", "--bits", "W4A8", "--fp32", fp32, "--data", data, "--batch", "8", "--epochs", "3", "--ratio", "0.1", "--frequency", "48", "--threads", "1",
            "--quiet", "--out", Path.Combine(folder, run), .. more,
        ];
    }

    /// <summary>As torchrun starts two workers.</summary>
    static Process[] Start(string[] arguments)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return [.. Enumerable.Range(0, 2).Select(rank => Shell.Start(
            [("RANK", $"{rank}"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", $"{port}"), ("GLOO_SOCKET_IFNAME", "lo")], arguments))];
    }

    [Fact]
    public async Task A_lost_worker_ends_the_other_and_both_go_on_to_the_bits_of_a_run_that_lost_none()
    {
        using (var straight = Shell.Start([], Arguments("straight", "--workers", "2", "--json")))
        {
            var outcome = await straight.Finish();
            Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
            var row = Assert.Single(JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray());  // of the first worker alone
            Assert.Equal(2, row.GetProperty("workers").GetInt32());
            Assert.InRange(row.GetProperty("bytes_per_step").GetDouble(), 4 * 0.02 * 270_000, 4 * 0.15 * 270_000);  // of 270,000 weights, 4 bytes each
        }

        string[] arguments = Arguments("killed", "--save-every", "0.05");
        var workers = Start(arguments);
        Assert.True(SpinWait.SpinUntil(() => Step("killed") >= 1, TimeSpan.FromMinutes(2)));
        workers[1].Kill();
        var clock = Stopwatch.StartNew();
        await workers[1].Finish();
        var left = await workers[0].Finish();
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 30);
        Assert.Equal(1, left.ExitCode);
        Assert.Matches(@"^error: worker 0 of 2: another worker is gone, or has not answered for 300 s \(.+\); the same command goes on from ", left.Error);
        Assert.Contains(Checkpoint("killed"), left.Error);
        Assert.InRange(Step("killed"), 1, 23);

        foreach (var worker in Start(arguments))
        {
            var end = await worker.Finish();
            Assert.Equal((0, ""), (end.ExitCode, end.Error));
        }
        Assert.Equal(File.ReadAllBytes(Checkpoint("straight")), File.ReadAllBytes(Checkpoint("killed")));
    }

    int Step(string run) => File.Exists(Checkpoint(run)) ? int.Parse(SafeTensors.Read(Checkpoint(run)).Metadata["step"]) : -1;

    [Fact]
    public async Task An_environment_that_says_too_little_is_refused()
    {
        async Task Refused(string part, params (string, string)[] environment)
        {
            using var process = Shell.Start(environment, Arguments("refused"));
            var outcome = await process.Finish();
            Assert.Equal(1, outcome.ExitCode);
            Assert.StartsWith($"error: {part}", outcome.Error);
        }
        await Refused("RANK: ''", ("WORLD_SIZE", "2"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "29500"));
        await Refused("MASTER_ADDR: not set", ("WORLD_SIZE", "2"), ("RANK", "0"));
        await Refused("RANK: 2 where WORLD_SIZE is 2", ("WORLD_SIZE", "2"), ("RANK", "2"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "29500"));
    }
}
#endif
