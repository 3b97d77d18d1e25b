using System.Text.Json;

namespace EfQat.Cli.Tests;

public sealed class BenchBackwardTests
{
    static readonly string[] Small =
        ["bench", "backward", "--model", "bert-small", "--batch", "2", "--length", "8", "--steps", "2", "--modes", "LWPN", "--ratios", "0.1", "--quiet", "--json"];

    static async Task<JsonElement[]> Rows(params string[] options)
    {
        var (code, output, error) = await Shell.Run([.. Small, .. options]);
        Assert.Equal((0, ""), (code, error));
        return [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
    }

    static double Number(JsonElement row, string key) => row.GetProperty(key).GetDouble();

    [Fact]
    public async Task Each_row_has_its_products_and_the_floor_under_them()
    {
        var rows = await Rows();
        Assert.Equal(["FP32", "QAT", "EfQAT-LWPN", "EfQAT"], rows.Select(row => row.GetProperty("method").GetString()));
        Assert.Equal(JsonValueKind.Null, rows[0].GetProperty("floor_ms").ValueKind);
        const double Weights = 4 * (4 * 256 * 256 + 2 * 256 * 1024) + 2 * 256, Tokens = 2 * 8;
        Assert.Equal(2 * Weights * Tokens / 1e9, Number(rows[1], "multiply_adds"), 1e-9);
        Assert.Equal(Weights * Tokens / 1e9, Number(rows[3], "multiply_adds"), 1e-9);
        Assert.All(rows[1..], row => Assert.Equal(Number(row, "backward_ms"), Number(row, "floor_ms") * Number(row, "times_floor"), 1e-6 * Number(row, "backward_ms")));
        Assert.InRange(Number(rows[2], "floor_ms"), Number(rows[3], "floor_ms"), Number(rows[1], "floor_ms"));
        Assert.True(Number(rows[3], "floor_ms") < Number(rows[1], "floor_ms"));
        Assert.All(rows, row => Assert.True(Number(row, "peak_memory_mb") > 0));
    }

    [SkippableFact]
    public async Task On_a_GPU_the_same_products_are_done()
    {
        Skip.IfNot(torch.cuda.is_available(), "no CUDA device here");
        var (cpu, cuda) = (await Rows(), await Rows("--device", "cuda"));
        Assert.Equal(cpu.Skip(1).Select(row => Number(row, "multiply_adds")), cuda.Skip(1).Select(row => Number(row, "multiply_adds")));
        Assert.All(cuda[1..], row => Assert.True(Number(row, "floor_ms") > 0));
        Assert.All(cuda, row => Assert.Equal(JsonValueKind.Null, row.GetProperty("weight_gradient_ms").ValueKind));
    }

    [Fact]
    public async Task An_unknown_mode_gives_one_line()
    {
        var (code, _, error) = await Shell.Run("bench", "backward", "--model", "bert-small", "--batch", "1", "--length", "4", "--modes", "XYZ", "--quiet");
        Assert.Equal(1, code);
        Assert.StartsWith("error: mode 'XYZ'", error);
    }
}
