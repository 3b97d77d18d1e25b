using System.Formats.Tar;
using System.Text.Json;
using EfQat.Cli.Experiments;
using EfQat.Datasets;
using EfQat.Tests.Datasets;

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

        var fromKl = (grid with { FromKl = true }).Variants();
        Assert.Equal([8, 7], fromKl.Where(row => row.Variant == "paper, from KL thresholds").Select(row => row.Bits));  // at 7 bits once, not as an ablation too
        Assert.Equal(rows.Count + 1, fromKl.Count);
        Assert.Subset(fromKl.ToHashSet(), rows.ToHashSet());  // cells of a run without it are kept
    }

    [Fact]
    public async Task A_network_of_ncnn_is_tested_on_pictures_that_it_was_not_calibrated_on()
    {
        string param = Path.Combine(folder, "small.param"), pictures = Path.Combine(folder, "pictures.tar");
        File.WriteAllText(param, """
            7767517
            4 4
            Input       data  0 1 data 0=24 1=24 2=3
            Convolution first 1 1 data first 0=8 1=3 4=1 5=1 6=216 9=1
            Pooling     mean  1 1 first mean 0=1 4=1
            Convolution last  1 1 mean last 0=5 1=1 5=1 6=40
            """);
        var random = new Random(1);
        using (var file = new BinaryWriter(File.Create(Path.ChangeExtension(param, ".bin"))))
            foreach (int count in (int[])[216, 8, 40, 5])
            {
                if (count > 8) file.Write(0);  // weights are tagged, biases are not
                for (int i = 0; i < count; i++) file.Write((float)(random.NextDouble() - 0.5));
            }
        using (var archive = new TarWriter(File.Create(pictures)))
            for (int i = 0; i < 10; i++)
                archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"n{i / 2}/{i}.JPEG") { DataStream = new MemoryStream(FlatJpeg.Create(i).File) });

        var task = new NcnnTask(param, pictures);
        long[] Labels(IBatches batches) => [.. batches.Epoch().SelectMany(batch => batch.Labels.data<long>().ToArray())];
        Assert.Equal([0, 2], Labels(task.Calibration(50, 1, CPU)).Order());  // pictures 0 and 5
        Assert.Equal([0, 1, 1, 2, 3, 3, 4, 4], Labels(task.Test(CPU)));

        var (code, output, error) = await Shell.Run(
            "reproduce", "easyquant-accuracy", "--model", param, "--data", pictures, "--bits", "5", "--ablation-bits", "0", "--seeds", "1", "--threads", "1",
            "--quiet", "--out", folder, "--json");
        Assert.Equal((0, ""), (code, error));
        JsonElement[] rows = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal(["FP32", "TRT", "MinMax", "EasyQuant"], rows.Select(row => row.GetProperty("method").GetString()));
        Assert.All(rows, row => Assert.Equal(0, row.GetProperty("top1").GetDouble() % 12.5));  // of eight pictures
        Assert.Contains("\"samples\":2,", File.ReadLines(Path.Combine(folder, "cells.jsonl")).Last());  // all that there are

        (code, _, error) = await Shell.Run(
            "reproduce", "easyquant-accuracy", "--compare", "--model", param, "--data", pictures, "--quiet", "--out", folder);
        Assert.Equal((1, true), (code, error.Contains("--compare: small has no training samples here")));

        (code, _, error) = await Shell.Run(
            "reproduce", "easyquant-accuracy", "--fp32", "other.bin", "--model", param, "--data", pictures, "--quiet", "--out", folder);
        Assert.Equal((1, true), (code, error.Contains($"--fp32: the weights of a .param file are read from {Path.ChangeExtension(param, ".bin")}")));
    }

    [Fact]
    public async Task A_network_without_convolutions_is_refused()
    {
        var (code, _, error) = await Shell.Run("reproduce", "easyquant-accuracy", "--model", "bert-small", "--out", folder, "--quiet");
        Assert.Equal(1, code);
        Assert.Contains("use resnet20", error);
    }

    [Fact]
    public async Task Training_begins_where_the_search_does_and_every_cell_is_kept()
    {
        var data = TinyData.Write(folder, 128);
        Assert.Equal(0, (await Shell.Run("train", "--data", data, "--epochs", "1", "--threads", "1", "--quiet", "--out", folder)).ExitCode);
        Task<Outcome> Compare() => Shell.Run(
            "reproduce", "easyquant-accuracy", "--compare", "--data", data, "--fp32", Path.Combine(folder, "tiny-resnet20.safetensors"), "--bits", "4",
            "--samples", "2", "--seeds", "1", "--threads", "1", "--quiet", "--out", folder, "--json");
        var first = await Compare();
        Assert.Equal((0, ""), (first.ExitCode, first.Error));
        JsonElement[] rows = [.. JsonDocument.Parse(first.Output).RootElement.EnumerateArray()];
        Assert.Equal(
            ["FP32", "MinMax", "EasyQuant", .. Enumerable.Repeat("EfQAT-CWPN 0 %", 3), .. Enumerable.Repeat("EfQAT-CWPN 10 %", 3), .. Enumerable.Repeat("QAT", 3)],
            rows.Select(row => row.GetProperty("method").GetString()));
        Assert.Equal([1, 2, 4], rows[3..6].Select(row => row.GetProperty("times").GetDouble()));
        Assert.All(rows[2..], row => Assert.True(row.GetProperty("seconds").GetDouble() > 0));
        Assert.All(rows[3..], row => Assert.Equal(1, row.GetProperty("steps").GetDouble()));  // one pass over 128 samples is one batch
        string cells = Path.Combine(folder, "comparison.jsonl");
        string[] written = File.ReadAllLines(cells);
        Assert.Equal(rows.Length, written.Length);
        Assert.Equal(first.Output, (await Compare()).Output);
        Assert.Equal(written, File.ReadAllLines(cells));
        Assert.StartsWith("<svg", File.ReadAllText(Path.Combine(folder, "easyquant-time-INT4.svg")));
    }
}
