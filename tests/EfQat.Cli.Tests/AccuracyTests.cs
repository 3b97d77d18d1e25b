using System.Text.Json;
using EfQat.Backward;
using EfQat.Cli.Experiments;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class AccuracyTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-accuracy-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string Run(string name) => Path.Combine(folder, name);

    static string Cells(string run) => Path.Combine(run, "cells.jsonl");

    [Fact]
    public async Task A_grid_that_is_killed_goes_on_and_ends_as_one_that_was_not()
    {
        var data = TinyData.Write(folder, 640);
        Assert.Equal(0, (await Shell.Run("train", "--data", data, "--epochs", "1", "--threads", "1", "--quiet", "--out", folder)).ExitCode);
        string[] Grid(string run) =>
        [
            "reproduce", "efqat-accuracy", "--data", data, "--fp32", Path.Combine(folder, "tiny-resnet20.safetensors"), "--bits", "W4A4", "--ratios", "0.1",
            "--seeds", "2", "--images", "128", "--threads", "1", "--quiet", "--out", run,
        ];
        async Task<Outcome> Finished(string run)
        {
            using var process = Shell.Start([], [.. Grid(run), "--json"]);
            return await process.Finish();
        }

        var straight = await Finished(Run("straight"));
        Assert.Equal((0, ""), (straight.ExitCode, straight.Error));
        string[] expected = File.ReadAllLines(Cells(Run("straight")));
        Assert.Equal(1 + 2 * 6, expected.Length); // FP32; PTQ, 0 %, three modes, QAT

        var cells = Cells(Run("killed"));
        using (var victim = Shell.Start([], Grid(Run("killed"))))
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(cells) && File.ReadAllLines(cells).Length >= 3, TimeSpan.FromMinutes(2)));
            victim.Kill();
            await victim.Finish();
        }
        string[] kept = File.ReadAllLines(cells);
        File.AppendAllText(cells, kept[^1][..20]); // as if killed while it wrote
        var resumed = await Finished(Run("killed"));
        Assert.Equal((0, straight.Output), (resumed.ExitCode, resumed.Output));
        Assert.Equal(kept, File.ReadAllLines(cells)[..kept.Length]);
        Assert.Equal(expected.Select(Result), File.ReadAllLines(cells).Select(Result));

        var again = await Finished(Run("killed"));
        Assert.Equal((0, straight.Output), (again.ExitCode, again.Output));
        Assert.Equal(expected.Length, File.ReadAllLines(cells).Length);
    }

    /// <summary>A cell without its time.</summary>
    static (string Key, double Top1) Result(string line)
    {
        var cell = JsonDocument.Parse(line).RootElement;
        return (cell.GetProperty("key").GetRawText(), cell.GetProperty("result").GetProperty("top1").GetDouble());
    }

    [Fact]
    public async Task A_grid_on_texts_trains_every_method()
    {
        string[] data = TinyTexts.Write(folder, 800);
        Assert.Equal(0, (await Shell.Run(["train", .. data, "--epochs", "1", "--batch", "8", "--threads", "1", "--quiet", "--out", folder])).ExitCode);
        Task<Outcome> Grid(string weights, string run) => Shell.Run(
        [
            "reproduce", "efqat-accuracy", .. data, "--fp32", Path.Combine(folder, weights), "--bits", "W4A4", "--ratios", "0.1", "--seeds", "1", "--images", "64",
            "--threads", "1", "--quiet", "--out", run,
        ]);
        var outcome = await Grid("tiny-texts-bert-small.safetensors", folder);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains("bert-small", outcome.Output);
        JsonElement[] cells = [.. File.ReadAllLines(Cells(folder)).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            ["FP32", "PTQ", "EfQAT", "EfQAT-CWPL", "EfQAT-CWPN", "EfQAT-LWPN", "QAT"], cells.Select(cell => cell.GetProperty("key").GetProperty("method").GetString()));
        Assert.Equal([0, 0, 0, 100], new[] { 0, 1, 2, 6 }.Select(i => cells[i].GetProperty("result").GetProperty("weights_updated").GetDouble()));

        SafeTensors.Write(Path.Combine(folder, "headless.safetensors"), new Dictionary<string, Tensor> { ["bert.pooler.dense.bias"] = zeros(256) }, new Dictionary<string, string>());
        var refused = await Grid("headless.safetensors", Run("other"));
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("headless.safetensors: it lacks bert.embeddings", refused.Error);
    }

    [Fact]
    public async Task Quick_has_a_learning_rate_of_its_own_which_can_be_overruled()
    {
        var weights = Run("weights.safetensors");
        SafeTensors.Write(weights, new Dictionary<string, Tensor> { ["x"] = ones(1) }, new Dictionary<string, string>());
        string[] quick = ["reproduce", "efqat-accuracy", "--data", "tiny", "--fp32", weights, "--quick", "--quiet", "--out", folder];
        void Store(double rate)
        {
            var store = new CellStore<AccuracyKey, Accuracy>(Cells(folder));
            string digest = EfQatExperiment.Digest(weights);
            store.Get(new("tiny", digest, "FP32", "FP32", null, 0, 0, 0, 0), () => new(1, 0));
            foreach (var (method, ratio) in new (string, double?)[] { ("PTQ", null), ("EfQAT", 0), ("EfQAT-CWPL", 0.1), ("EfQAT-CWPN", 0.1), ("EfQAT-LWPN", 0.1), ("QAT", 1) })
                store.Get(new("tiny", digest, "W4A4", method, ratio, 1, 1024, rate, 3e-2), () => new(1, 0));
        }
        Store(1e-3);
        Assert.Equal(0, (await Shell.Run(quick)).ExitCode); // nothing is left to run: there are no such data
        Assert.Contains("'tiny'", (await Shell.Run([.. quick, "--lr", "0.5"])).Error);
        Store(0.5);
        Assert.Equal(0, (await Shell.Run([.. quick, "--lr", "0.5"])).ExitCode);
    }

    [Fact]
    public async Task Ablations_change_one_setting_at_a_time()
    {
        var data = TinyData.Write(folder, 640);
        Assert.Equal(0, (await Shell.Run("train", "--data", data, "--epochs", "1", "--threads", "1", "--quiet", "--out", folder)).ExitCode);
        var outcome = await Shell.Run(
            "reproduce", "efqat-ablations", "--data", data, "--fp32", Path.Combine(folder, "tiny-resnet20.safetensors"), "--seeds", "1", "--images", "128",
            "--threads", "1", "--quiet", "--out", folder, "--json");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        JsonElement[] rows = [.. JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()];
        var questions = rows.GroupBy(row => row.GetProperty("question").GetString()).ToArray();
        Assert.Equal([5, 4, 5, 4, 4, 2], questions.Select(question => question.Count()));
        Assert.Single(questions.Select(question => question.First().GetProperty("top1").GetDouble()).Distinct()); // ours, each time
        double Share(int row) => rows[row].GetProperty("weights_updated").GetDouble();
        Assert.True(Share(0) < Share(4)); // rows of large magnitude are short ones
        Assert.Equal(rows.Length - (questions.Length - 1), File.ReadAllLines(Cells(folder)).Length); // and run once
    }

    [Fact]
    public void Another_precision_has_cells_of_its_own()
    {
        try
        {
            foreach (var precision in Enum.GetValues<Precision>())
            {
                Kernels.Precision = precision;
                new CellStore<string, Accuracy>(Run("cells.jsonl")).Get("key", () => new((double)precision, 0));
            }
        }
        finally
        {
            Kernels.Precision = Precision.Float32;
        }
        Assert.Equal(
            ["cells.bfloat16.jsonl", "cells.jsonl", "cells.tf32.jsonl"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(0, new CellStore<string, Accuracy>(Run("cells.jsonl"))["key"].Result.Top1);
    }

    [Fact]
    public void A_line_of_something_else_is_refused_and_kept()
    {
        File.WriteAllText(Run("cells.jsonl"), "{\"key\": 1}\n");
        var problem = Assert.Throws<UserError>(() => new CellStore<AccuracyKey, Accuracy>(Run("cells.jsonl")));
        Assert.Contains("line 1", problem.Message);
        Assert.Equal("{\"key\": 1}\n", File.ReadAllText(Run("cells.jsonl")));
    }

    [Fact]
    public async Task Missing_weights_say_how_to_make_them()
    {
        var (code, _, error) = await Shell.Run("reproduce", "efqat-accuracy", "--data", "nothing", "--out", folder, "--quiet");
        Assert.Equal(1, code);
        Assert.Contains("data/checkpoints/nothing-resnet20.safetensors", error);
        Assert.Contains("efqat train", error);
    }
}
