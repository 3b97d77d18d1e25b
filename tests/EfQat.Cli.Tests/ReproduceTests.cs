using System.Text.Json;

namespace EfQat.Cli.Tests;

public sealed class ReproduceTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-reproduce-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>The slowest test: seven evaluations on all 10,000 test images.</summary>
    [SkippableFact]
    public async Task Train_then_reproduce_ends_with_a_table_and_a_report()
    {
        Skip.IfNot(Directory.Exists("/usr/share/datasets/fashion-mnist"), "dataset-fashion-mnist is not installed");
        Assert.Equal(0, (await Run("train", "--images", "256", "--epochs", "1", "--quiet", "--out", folder)).ExitCode);
        var (weights, json) = (Path.Combine(folder, "fashion-mnist-resnet20.safetensors"), Path.Combine(folder, "rows.json"));
        var (code, output, error) = await Run(
            "reproduce", "--fp32", weights, "--images", "256", "--ratios", "0.1", "--bits", "W4A8", "--quiet", "--out", folder, "--json", json);
        Assert.Equal((0, ""), (code, error));

        JsonElement[] rows = [.. JsonDocument.Parse(File.ReadAllText(json)).RootElement.EnumerateArray()];
        Assert.Equal(["FP32", "PTQ", "EfQAT-CWPL", "EfQAT-CWPN", "EfQAT-LWPN", "QAT"], rows.Select(row => row.GetProperty("method").GetString()));
        foreach (var key in new[] { "method", "bits", "ratio", "top1", "delta_fp32", "weights_updated", "backward_ms", "speedup", "peak_memory_mb" })
            Assert.All(rows, row => Assert.True(row.TryGetProperty(key, out _), key));
        Assert.All(rows, row => Assert.InRange(row.GetProperty("top1").GetDouble(), 0, 100));
        Assert.Equal(0, rows[1].GetProperty("weights_updated").GetDouble());
        Assert.Equal(100, rows[^1].GetProperty("weights_updated").GetDouble());
        Assert.InRange(rows[2].GetProperty("weights_updated").GetDouble(), 9, 12); // a tenth of each layer's rows

        var report = File.ReadAllText(Path.Combine(folder, "report.html"));
        Assert.Contains("EfQAT-CWPN", report);
        Assert.DoesNotContain("<script src=", report); // opens offline
        Assert.Contains("EfQAT-LWPN", output);
    }

    /// <summary>As a program of its own, whose threads do not spin while they wait: other tests' programs may share the cores.</summary>
    static async Task<Outcome> Run(params string[] args)
    {
        using var process = Shell.Start([("GOMP_SPINCOUNT", "1000")], args);
        return await process.Finish();
    }

    [Fact]
    public async Task Missing_weights_say_how_to_make_them()
    {
        var (code, _, error) = await Shell.Run("reproduce", "--fp32", "/no/such.safetensors", "--quiet");
        Assert.Equal(1, code);
        Assert.Contains("/no/such.safetensors", error);
        Assert.Contains("efqat train", error);
    }
}
