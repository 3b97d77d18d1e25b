using System.Text.Json;
using EfQat.Cli.Experiments;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class BwrfTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-bwrf-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string CellFile => Path.Combine(folder, "cells.jsonl");

    /// <summary>From random full-precision weights: what is learned does not matter here.</summary>
    async Task<JsonElement[]> Run(params string[] arguments)
    {
        var data = TinyData.Write(folder, train: 32);
        string weights = Path.Combine(folder, "fp32.safetensors");
        if (!File.Exists(weights))
        {
            TorchSharp.torch.manual_seed(1);
            using var network = ResNet.Create("resnet20", 3, 10);
            SafeTensors.Write(weights, network.state_dict(), new Dictionary<string, string>());
        }
        var outcome = await Shell.Run(
            ["reproduce", "bwrf", "--data", data, "--fp32", weights, "--seeds", "1", "--images", "16", "--turns", "1", "--threads", "1", "--quiet", "--out", folder, "--json", .. arguments]);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        return [.. JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()];
    }

    static IEnumerable<string?> Methods(JsonElement[] rows) => rows.Select(row => row.GetProperty("method").GetString());

    [Fact]
    public async Task Every_variant_is_run_once_and_timed_beside_qat()
    {
        var rows = await Run("--bits", "W2A2,lsq", "--variants", "bwrf", "BWRF-every-block");
        Assert.Equal(["QAT", "BWRF", "BWRF, every block", "QAT, as long as BWRF"], Methods(rows));
        Assert.Equal(1, rows[0].GetProperty("step_ratio").GetDouble());
        Assert.All(rows[1..3], row => Assert.True(row.GetProperty("step_ratio").GetDouble() > 0));
        Assert.Equal(JsonValueKind.Null, rows[0].GetProperty("delta_qat").ValueKind);
        Assert.All(rows, row => Assert.InRange(row.GetProperty("agreement").GetDouble(), -1, 1));
        Assert.True(File.Exists(Path.Combine(folder, "report.html")));

        string[] cells = File.ReadAllLines(CellFile);
        Assert.Equal(1 + 4, cells.Length);  // FP32, and each variant
        File.AppendAllText(CellFile, cells[1][..40]);  // killed while it wrote
        rows = await Run("--bits", "W2A2,lsq", "W2A2,pact,activations=minmax", "W2A2,dorefa,activations=minmax", "--variants", "qat-kd");
        Assert.Equal([.. Enumerable.Repeat((string[])["QAT", "QAT + KD"], 3).SelectMany(methods => methods)], Methods(rows));
        Assert.Equal(["W2A2,tanh,clip=learned", "W2A2,tanh,clip=fixed"], rows[2..].Select(row => row.GetProperty("bits").GetString()).Distinct());
        string[] again = File.ReadAllLines(CellFile);
        Assert.Equal(cells, again[..cells.Length]);
        Assert.Equal(1 + 2 * 2, again[cells.Length..].Length);  // QAT at W2A2,lsq was there
    }

    [Fact]
    public void Variants_are_named_by_letters_and_digits_and_qat_comes_first()
    {
        Assert.Equal(["QAT", "BWRF, without KL(F‖Q)", "BWRF + EfQAT-CWPN 25 %"], BwrfVariant.Named(["bwrf-efqat-cwpn-25", "BWRF without KL(F||Q)", "qat"]).Select(v => v.Name));
        Assert.Equal(8, BwrfVariant.Named(BwrfVariant.All.Select(variant => variant.Name)).Count);
        var error = Assert.Throws<UserError>(() => BwrfVariant.Named(["bwrf", "bwrf-all"]));
        Assert.Contains("'bwrf-all'", error.Message);
        Assert.All(BwrfVariant.All, variant => Assert.Contains($"'{variant.Name}'", error.Message));
    }
}
