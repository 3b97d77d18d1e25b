using System.Text.Json;

namespace EfQat.Cli.Tests;

public sealed class BenchIntegerTests
{
    [Fact]
    public async Task Every_kernel_runs_every_chain()
    {
        var (code, output, _) = await Shell.Run("bench", "integer", "--turns", "1", "--threads", "1", "--quiet", "--json");
        Assert.Equal(0, code);
        var rows = JsonDocument.Parse(output).RootElement.EnumerateArray().ToArray();
        Assert.Equal(["6 × 64@56²", "6 × 128@28²", "6 × 256@14²"], rows.Select(row => row.GetProperty("layers").GetString()!).Distinct());
        foreach (var chain in rows.GroupBy(row => row.GetProperty("layers").GetString()))
        {
            string[] kernels = [.. chain.Select(row => row.GetProperty("kernel").GetString()!)];
            Assert.Equal(
                [
                    "INT8 direct", "INT8 Winograd F(4,3)", "INT7 direct", "INT7 Winograd F(2,3)", "INT7 Winograd F(4,3)",
                    "libtorch FP32, nchw", "libtorch FP32, nhwc",
                ],
                kernels[..7]);
            Assert.All(kernels[7..], kernel => Assert.StartsWith("ONNX Runtime 1.", kernel)); // where it is installed
            Assert.Equal(1, chain.First().GetProperty("speedup").GetDouble());
        }
        Assert.All(rows, row =>
        {
            double Number(string key) => row.GetProperty(key).GetDouble();
            Assert.Equal(1386.5, Number("gops") * Number("run_ms"), 1.5); // every chain is 2 · 6 · 9 · 64² · 56² operations
            bool ours = row.GetProperty("kernel").GetString()!.StartsWith("INT");
            Assert.Equal(ours ? JsonValueKind.Number : JsonValueKind.Null, row.GetProperty("share_of_peak").ValueKind);
            Assert.Equal((1, 1), (row.GetProperty("threads").GetInt32(), row.GetProperty("turns").GetInt32()));
        });
    }

    [Fact]
    public async Task An_onnxruntime_that_is_not_there_gives_one_line()
    {
        var (code, _, error) = await Shell.Run("bench", "integer", "--turns", "1", "--quiet", "--onnxruntime", "/no/such/folder");
        Assert.Equal(1, code);
        Assert.StartsWith("error: ", error);
        Assert.Contains("npm ci --ignore-scripts --prefix tests/Benchmarks", error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }
}
