using System.Text.Json;

namespace EfQat.Cli.Tests;

public sealed class BenchMemoryTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-memory-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Each_peak_is_the_sum_of_its_parts_and_is_drawn()
    {
        var (code, output, error) = await Shell.Run(
            "bench", "memory", "--model", "bert-small", "--batch", "2", "--length", "8", "--modes", "LWPN", "--quiet", "--out", folder, "--json");
        Assert.Equal((0, ""), (code, error));
        JsonElement[] rows = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal(["FP32", "QAT, floats kept", "QAT", "EfQAT-LWPN", "EfQAT"], rows.Select(row => row.GetProperty("method").GetString()));
        string[] parts = ["codes_mb", "floats_mb", "norm_inputs_mb", "quantizer_inputs_mb", "weights_mb", "other_mb", "model_mb", "passing_mb"];
        Assert.All(rows, row =>
        {
            double[] values = [.. parts.Select(part => row.GetProperty(part)).Where(part => part.ValueKind == JsonValueKind.Number).Select(part => part.GetDouble())];
            Assert.All(values, value => Assert.True(value >= 0));
            Assert.Equal(row.GetProperty("peak_mb").GetDouble(), values.Sum(), 1e-6);
        });
        Assert.Equal(1, rows[1].GetProperty("to_floats").GetDouble());
        // Inputs of 24 linear layers in 4 encoder layers, three of which share one, and of the head.
        Assert.Equal(4 * 16 * (4 * (256 + 256 + 256 + 1024) + 256) / 1e6, rows[2].GetProperty("floats_mb").GetDouble(), 1e-9);
        Assert.Equal(0, rows[4].GetProperty("floats_mb").GetDouble());
        Assert.Contains("inputs of layers, codes", File.ReadAllText(Path.Combine(folder, "memory.svg")));
        Assert.Contains("Memory of a training step: bert-small, W4A8, batch 2", File.ReadAllText(Path.Combine(folder, "report.html")));
    }
}
