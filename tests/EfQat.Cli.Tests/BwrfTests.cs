using System.Text.Json;

namespace EfQat.Cli.Tests;

public sealed class BwrfTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-bwrf-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_variant_is_run_once_and_timed_beside_qat()
    {
        var data = TinyData.Write(folder, 640);
        Assert.Equal(0, (await Shell.Run("train", "--data", data, "--epochs", "1", "--threads", "1", "--quiet", "--out", folder)).ExitCode);
        Task<Outcome> Run() => Shell.Run(
            "reproduce", "bwrf", "--data", data, "--fp32", Path.Combine(folder, "tiny-resnet20.safetensors"), "--seeds", "1", "--images", "128",
            "--bits", "W2A2,lsq", "--turns", "1", "--threads", "1", "--quiet", "--out", folder, "--json");
        var outcome = await Run();
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        JsonElement[] rows = [.. JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()];
        Assert.Equal(
            ["QAT", "QAT + KD", "BWRF", "BWRF, every block", "BWRF, single block", "BWRF, without KL(F‖Q)", "BWRF, batch statistics", "BWRF + EfQAT-CWPN 25 %", "QAT, as long as BWRF"],
            rows.Select(row => row.GetProperty("method").GetString()));
        double Ratio(int row) => rows[row].GetProperty("step_ratio").GetDouble();
        Assert.Equal(1, Ratio(0));
        Assert.True(Ratio(3) > Ratio(0));  // ten more networks
        Assert.Equal(JsonValueKind.Null, rows[0].GetProperty("delta_qat").ValueKind);
        Assert.All(rows, row => Assert.InRange(row.GetProperty("agreement").GetDouble(), -1, 1));

        string[] cells = File.ReadAllLines(Path.Combine(folder, "cells.jsonl"));
        Assert.Equal(1 + 9, cells.Length);  // FP32, and each variant
        Assert.Equal(0, (await Run()).ExitCode);
        string[] again = File.ReadAllLines(Path.Combine(folder, "cells.jsonl"));
        Assert.Equal(cells, again[..cells.Length]);
        Assert.InRange(again.Length - cells.Length, 0, 1);  // QAT for as long as BWRF, where the time differs
        Assert.True(File.Exists(Path.Combine(folder, "report.html")));
    }
}
