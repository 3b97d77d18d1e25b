using System.Text.Json;
using EfQat.Cli.Experiments;

namespace EfQat.Cli.Tests;

public sealed class EasyQuantTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-easyquant-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Each_width_has_its_baselines_and_a_second_run_computes_nothing()
    {
        var data = TinyData.Write(folder, 640);
        Assert.Equal(0, (await Shell.Run("train", "--data", data, "--epochs", "1", "--threads", "1", "--quiet", "--out", folder)).ExitCode);
        Task<Outcome> Reproduce() => Shell.Run(
            "reproduce", "easyquant-accuracy", "--data", data, "--fp32", Path.Combine(folder, "tiny-resnet20.safetensors"), "--bits", "6", "4",
            "--ablation-bits", "0", "--samples", "4", "--calibration", "8", "--seeds", "1", "--threads", "1", "--quiet", "--out", folder, "--json");
        var first = await Reproduce();
        Assert.Equal((0, ""), (first.ExitCode, first.Error));
        JsonElement[] rows = [.. JsonDocument.Parse(first.Output).RootElement.EnumerateArray()];
        Assert.Equal(
            ["FP32 FP32", "INT6 TRT", "INT6 MinMax", "INT6 EasyQuant", "INT4 TRT", "INT4 MinMax", "INT4 EasyQuant"],
            rows.Select(row => $"{row.GetProperty("bits").GetString()} {row.GetProperty("method").GetString()}"));
        Assert.All(rows, row => Assert.InRange(row.GetProperty("top1").GetDouble(), 0, 100));
        double Angle(int row) => rows[row].GetProperty("angle").GetDouble();
        Assert.True(Angle(3) < Angle(2) && Angle(6) < Angle(5));  // the search beats its start on samples that it has not seen

        string cells = Path.Combine(folder, "cells.jsonl");
        string[] written = File.ReadAllLines(cells);
        Assert.Equal(1 + 2 * 3, written.Length);
        var second = await Reproduce();
        Assert.Equal(first.Output, second.Output);
        Assert.Equal(written, File.ReadAllLines(cells));
        Assert.Contains("INT4: 1 − cosine", File.ReadAllText(Path.Combine(folder, "report.html")));
        Assert.StartsWith("<svg", File.ReadAllText(Path.Combine(folder, "easyquant.svg")));
    }

    [Fact]
    public void Every_row_is_an_experiment_of_its_own()
    {
        var grid = new EasyQuantGrid(new ImageTask("resnet20", "none"), "none", [8, 7], 7, 50, 1000, 1);
        var rows = grid.Variants();
        Assert.Equal(1 + 2 * 3 + 9, rows.Count);
        Assert.Equal(rows.Count, rows.Select(row => (row.Bits, row.Calibration, row.Samples, row.Options)).Distinct().Count());
    }

    [Fact]
    public async Task A_network_without_convolutions_is_refused()
    {
        File.WriteAllText(Path.Combine(folder, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
        var (code, _, error) = await Shell.Run(
            "reproduce", "easyquant-accuracy", "--model", "bert-small", "--vocab", Path.Combine(folder, "vocab.txt"), "--out", folder, "--quiet");
        Assert.Equal(1, code);
        Assert.Contains("use resnet20", error);
    }
}
