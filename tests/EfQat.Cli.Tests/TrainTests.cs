using System.Diagnostics;
using System.Text.Json;
using EfQat.Tests.Datasets;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class TrainTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-train-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string Run => Path.Combine(folder, "run");

    string Checkpoint => Path.Combine(Run, "training.safetensors");

    /// <summary>Three batches of tiny pictures, unless said otherwise.</summary>
    string[] Arguments(int images = 24, string? data = null, string? run = null, params string[] more) =>
        ["train", "--data", data ?? TinyData.Write(folder, images), "--epochs", "1", "--batch", "8", "--threads", "1", "--quiet", "--out", run ?? Run, .. more];

    /// <summary>One clear line on standard error, exit code 1, nothing half-written.</summary>
    void AssertRefused(Outcome outcome, params string[] parts)
    {
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        var line = Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.StartsWith("error: ", line);
        Assert.All(parts, part => Assert.Contains(part, line));
        Assert.Empty(Directory.GetFiles(folder, "*.unfinished", SearchOption.AllDirectories));
    }

    [Fact]
    public Task A_run_killed_between_two_checkpoints_ends_with_the_bits_of_one_that_was_not() =>
        EndsWithTheSameBits("tiny-resnet20.safetensors", run => Arguments(800, run: run));

    /// <summary>Dropout, too, goes on where it was.</summary>
    [Fact]
    public Task A_run_on_texts_killed_between_two_checkpoints_ends_with_the_bits_of_one_that_was_not() =>
        EndsWithTheSameBits("tiny-texts-bert-small.safetensors", run => TextArguments(run, 800));

    string[] TextArguments(string run, int texts) =>
        ["train", .. TinyTexts.Write(folder, texts), "--epochs", "1", "--batch", "8", "--threads", "1", "--quiet", "--out", run];

    /// <param name="file">The weights.</param>
    /// <param name="command">Of 100 steps, given where to write.</param>
    async Task EndsWithTheSameBits(string file, Func<string, string[]> command)
    {
        var straight = Path.Combine(folder, "straight");
        using (var process = Shell.Start([], command(straight)))
            Assert.Equal(0, (await process.Finish()).ExitCode);

        string[] arguments = [.. command(Run), "--save-every", "0.1"];
        using (var victim = Shell.Start([], arguments))
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(Checkpoint), TimeSpan.FromMinutes(2)));
            await Task.Delay(50);
            victim.Kill();
            Assert.Equal(137, (await victim.Finish()).ExitCode); // 128 + SIGKILL
        }
        Assert.InRange(int.Parse(SafeTensors.Read(Checkpoint).Metadata["step"]), 1, 99);
        Assert.Single(Directory.GetFiles(Run, "*.safetensors"));

        using (var process = Shell.Start([], arguments))
            Assert.Equal(0, (await process.Finish()).ExitCode);
        Assert.Equal(File.ReadAllBytes(Path.Combine(straight, "training.safetensors")), File.ReadAllBytes(Checkpoint)); // weights, momentum, generator
        var (expected, actual) = (Weights(straight), Weights(Run));
        Assert.All(expected.Keys, name => Assert.True(expected[name].Equals(actual[name]), name));

        Dictionary<string, Tensor> Weights(string run) => SafeTensors.Read(Path.Combine(run, file)).Tensors;
    }

    [Fact]
    public async Task Bert_learns_which_word_tells_the_class()
    {
        var (code, output, error) = await Shell.Run([.. TextArguments(Run, 1200), "--images", "800", "--json"]);
        Assert.Equal((0, ""), (code, error));
        var row = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal(("bert-small", "SST-2 (subset of 1200 texts)"), (row.GetProperty("model").GetString(), row.GetProperty("data").GetString()));
        Assert.Equal(100, row.GetProperty("top1").GetDouble());
    }

    [Fact]
    public async Task Texts_that_cannot_be_read_are_refused()
    {
        string[] arguments = TextArguments(Run, 24);
        int vocabulary = Array.IndexOf(arguments, "--vocab"), data = Array.IndexOf(arguments, "--data");
        AssertRefused(await Shell.Run([.. arguments[..vocabulary], .. arguments[(vocabulary + 2)..]]), "--model bert-small", "--vocab FILE", "vocab.txt");
        AssertRefused(await Shell.Run([.. arguments[..data], .. arguments[(data + 2)..]]), "sst2/train.tsv", "EFQAT_DATA");
        AssertRefused(await Shell.Run([.. arguments, "--images", "25"]), "25 texts", "choose 1 to 24");
        Assert.Equal(0, (await Shell.Run(arguments)).ExitCode);
        File.AppendAllText(arguments[vocabulary + 1], "more\n");
        AssertRefused(await Shell.Run(arguments), Checkpoint, "its vocabulary is");
    }

    [Fact]
    public async Task Json_has_the_result_and_the_weights_say_how_they_were_made()
    {
        var json = Path.Combine(folder, "result.json");
        Assert.Equal(0, (await Shell.Run(Arguments(40, more: ["--images", "16", "--json", json]))).ExitCode);
        var row = Assert.Single(JsonDocument.Parse(File.ReadAllText(json)).RootElement.EnumerateArray());
        Assert.Equal(["model", "data", "scheme", "mode", "ratio", "epochs", "seed", "workers", "bytes_per_step", "top1", "weights"], row.EnumerateObject().Select(field => field.Name));
        Assert.Equal("CIFAR-10 (subset of 40 images)", row.GetProperty("data").GetString());
        var metadata = SafeTensors.Read(row.GetProperty("weights").GetString()!).Metadata;
        Assert.Equal(("resnet20", "16", "1"), (metadata["model"], metadata["images"], metadata["seed"]));
        Assert.StartsWith("efqat train --data ", metadata["command"]);
    }

    [Fact]
    public async Task A_loss_that_is_no_number_keeps_the_last_good_checkpoint()
    {
        var outcome = await Shell.Run(Arguments(800, more: ["--lr", "1e9", "--save-every", "0"]));
        AssertRefused(outcome, "step ", "lower the learning rate", $"The last good checkpoint is {Checkpoint}");
        Assert.All(SafeTensors.Read(Checkpoint).Tensors, pair => Assert.True(pair.Value.isfinite().all().item<bool>(), pair.Key));
    }

    [Fact]
    public async Task Checkpoints_of_other_settings_and_damaged_ones_are_refused()
    {
        string[] arguments = Arguments();
        Assert.Equal(0, (await Shell.Run(arguments)).ExitCode);
        AssertRefused(await Shell.Run([.. arguments, "--seed", "2"]), Checkpoint, "its seed is 1, this run's is 2", "another --out");
        AssertRefused(await Shell.Run([.. arguments, "--model", "resnet32"]), Checkpoint, "its model is resnet20, this run's is resnet32");

        byte[] whole = File.ReadAllBytes(Checkpoint);
        File.WriteAllBytes(Checkpoint, whole[..^1]);
        AssertRefused(await Shell.Run(arguments), Checkpoint, "truncated");
        File.WriteAllBytes(Checkpoint, [.. whole[..8], (byte)'x', .. whole[9..]]);
        AssertRefused(await Shell.Run(arguments), Checkpoint, "damaged");
    }

    [Fact]
    public async Task Settings_that_do_not_fit_the_data_are_refused()
    {
        AssertRefused(await Shell.Run(Arguments(data: "no-such-data")), "'no-such-data'", "fashion-mnist, cifar10, cifar10-jpeg");
        AssertRefused(await Shell.Run(Arguments(more: ["--images", "25"])), "25 images", "choose 1 to 24");
        AssertRefused(await Shell.Run(Arguments(images: 7)), "7 samples do not fill a batch of 8", "--batch");
    }

    [Theory]
    [InlineData("--batch", "0"), InlineData("--epochs", "0"), InlineData("--images", "-1"), InlineData("--threads", "0"), InlineData("--model", "resnet18")]
    public async Task Settings_that_never_fit_are_usage_errors(string option, string value) =>
        Assert.Equal(2, (await Shell.Run("train", option, value)).ExitCode);

    /// <summary>A limit on file sizes stands for the full disk: the write fails in the middle.</summary>
    [Fact]
    public async Task A_full_disk_leaves_the_old_file_alone()
    {
        string[] arguments = Arguments();
        Assert.Equal(0, (await Shell.Run(arguments)).ExitCode);
        var weights = Path.Combine(Run, "tiny-resnet20.safetensors");
        byte[] before = File.ReadAllBytes(weights);
        var script = """trap '' XFSZ; ulimit -f 500; exec "$@" """; // 512,000 bytes; the weights take 1.1 million
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", script, "bash", "dotnet", typeof(CommandLine).Assembly.Location, .. arguments])
        {
            Environment = { ["DOTNET_EnableWriteXorExecute"] = "0" }, // the runtime would reserve a large file in memory
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        AssertRefused(await process.Finish(), weights, "cannot be written", "free some space", "untouched");
        Assert.Equal(before, File.ReadAllBytes(weights));
    }

    void PutPhotographs(string split, params string[] classes)
    {
        foreach (var (label, name) in classes.Index())
            for (var i = 0; i < 2; i++)
            {
                var path = Path.Combine(folder, "photographs", split, name, $"{i}.JPEG");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, FlatJpeg.Create(10 * label + i).File);
            }
    }

    [Fact]
    public async Task ResNet50_trains_on_photographs_in_ImageNets_folders()
    {
        PutPhotographs("train", "n01", "n02");
        PutPhotographs("val", "n01", "n02");
        string[] arguments = ["train", "--data", Path.Combine(folder, "photographs"), "--model", "resnet50", "--epochs", "1", "--batch", "2", "--quiet", "--out", Run];
        var (code, output, error) = await Shell.Run([.. arguments, "--json"]);
        Assert.Equal((0, ""), (code, error));
        var row = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal("resnet50", row.GetProperty("model").GetString());
        using var scope = NewDisposeScope();
        new EfQat.Models.ResNet50(classes: 2).LoadWeights(row.GetProperty("weights").GetString()!);
        Assert.Equal(("2", "4"), (SafeTensors.Read(Checkpoint).Metadata["step"], SafeTensors.Read(Checkpoint).Metadata["images"]));

        PutPhotographs("val", "n01", "n02", "n03");
        AssertRefused(await Shell.Run(arguments), "train/ and val/", "same classes");
    }

    [SkippableFact]
    public async Task Without_CUDA_the_device_is_refused()
    {
        Skip.If(cuda.is_available(), "this machine has CUDA");
        AssertRefused(await Shell.Run("train", "--device", "cuda"), "--device cuda", "--device cpu");
        AssertRefused(await Shell.Run("train", "--precision", "bfloat16"), "--precision BFloat16", "--device cuda");
    }

#if LOCAL_TORCH
    [Fact]
    public async Task Without_a_usable_native_library_it_says_what_to_run()
    {
        using var missing = Shell.Start([("LOCALTORCH_NATIVE", "/no/such/file.so")], "train");
        AssertRefused(await missing.Finish(), "/no/such/file.so", "./build.sh build");

        // Another libtorch of the same name, found first.
        foreach (var name in new[] { "libtorch_cpu.so.1.13", "libtorch_cpu.so" })
            File.WriteAllText(Path.Combine(folder, name), "not a library");
        using var wrong = Shell.Start([("LD_LIBRARY_PATH", folder)], "train");
        AssertRefused(await wrong.Finish(), "the libtorch it was built with is gone or another version", "./build.sh setup");
    }
#endif
}
