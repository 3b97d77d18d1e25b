using System.Diagnostics;
using System.Text.Json;

namespace EfQat.Cli.Tests;

public sealed class BenchStepTests
{
    static readonly string[] Small = ["bench", "step", "--steps", "2", "--batch", "4", "--threads", "1", "--quiet"];

    static string PyTorch()
    {
        var python = PyTorchSteps.Find();
        Skip.If(python is null, "no python3 here has torch");
        return python!;
    }

    [SkippableFact]
    public async Task Every_step_is_compared_with_the_fastest_of_PyTorch()
    {
        PyTorch();
        var (code, output, error) = await Shell.Run([.. Small, "--json"]);
        Assert.Equal((0, ""), (code, error));
        var rows = JsonDocument.Parse(output).RootElement.EnumerateArray().ToArray();
        Assert.Equal(["FP32", "PyTorch FP32, nchw", "PyTorch FP32, nhwc", "QAT W8A8", "torch.ao QAT W8A8, nchw", "torch.ao QAT W8A8, nhwc"],
            rows.Select(row => row.GetProperty("step").GetString()));
        double Number(JsonElement row, string key) => row.GetProperty(key).GetDouble();
        Assert.All(rows, row =>
        {
            Assert.InRange(Number(row, "step_ms"), Number(row, "min_ms"), Number(row, "max_ms"));
            Assert.True(Number(row, "min_ms") > 0);
            Assert.True(Number(row, "ratio_to_pytorch") > 0);
            Assert.Equal((1, 4, 2), (row.GetProperty("threads").GetInt32(), row.GetProperty("batch").GetInt32(), row.GetProperty("steps").GetInt32()));
            Assert.Matches(@"^\d+\.\d+", row.GetProperty("libtorch").GetString());
        });
        foreach (var pair in new[] { rows[1..3], rows[4..6] })
            Assert.Equal(1, Number(pair.MinBy(row => Number(row, "step_ms")), "ratio_to_pytorch"));
    }

    [Theory]
    [InlineData("/no/such/python3", "cannot be started")]
    [InlineData("/bin/false", "exit code 1")]
    public async Task A_python_that_fails_gives_one_line(string python, string reason)
    {
        var (code, output, error) = await Shell.Run([.. Small, "--python", python]);
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"error: {python}: ", error);
        Assert.Contains(reason, error);
        Assert.Contains("--python", error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [SkippableTheory]
    [InlineData("INT", 130)]
    [InlineData("KILL", 137)]
    public async Task PyTorch_does_not_outlive_the_command(string signal, int exitCode)
    {
        PyTorch();
        using var command = Shell.Start([], "bench", "step", "--steps", "100000", "--batch", "4", "--threads", "1");
        using var child = await Child(command);
        using (var kill = Process.Start("kill", [$"-{signal}", $"{command.Id}"])) kill.WaitForExit();
        var outcome = await command.Finish();
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.True(child.WaitForExit(TimeSpan.FromMinutes(1)));
    }

    /// <summary>The python that the command has started.</summary>
    static async Task<Process> Child(Process command)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromMinutes(2); await Task.Delay(100))
            foreach (var id in Directory.GetDirectories($"/proc/{command.Id}/task").SelectMany(thread => File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)))
                if (File.ReadAllText($"/proc/{id}/cmdline").Contains("--serve"))
                    return Process.GetProcessById(int.Parse(id));
        throw new TimeoutException("the command started no python");
    }
}
