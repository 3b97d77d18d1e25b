using System.Text.Json;
using EfQat.Datasets;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class TrainQuantizedTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-quantized-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string Fp32 => Path.Combine(folder, "tiny-resnet20.safetensors");

    /// <summary>Random weights that the runs start from, and eight batches of tiny pictures.</summary>
    string[] Arguments(string run, params string[] more)
    {
        var data = TinyData.Write(folder, 64);
        if (!File.Exists(Fp32))
        {
            torch.manual_seed(1);
            using var model = ResNet.Create("resnet20", 3, 10);
            SafeTensors.Write(Fp32, model.state_dict(), new Dictionary<string, string>());
        }
        return ["train", "--bits", "W4A8", "--fp32", Fp32, "--data", data, "--batch", "8", "--threads", "1", "--quiet", "--out", Path.Combine(folder, run), .. more];
    }

    [Fact]
    public async Task The_file_gives_back_a_model_with_the_stated_accuracy()
    {
        var (code, output, error) = await Shell.Run(Arguments("run", "--mode", "cwpl", "--ratio", "0.25", "--frequency", "32", "--json"));
        Assert.Equal((0, ""), (code, error));
        var row = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal(("W4A8", "CWPL", 0.25, 1), (row.GetProperty("scheme").GetString(), row.GetProperty("mode").GetString(), row.GetProperty("ratio").GetDouble(), row.GetProperty("epochs").GetInt32()));
        var file = row.GetProperty("weights").GetString()!;
        Assert.Equal("tiny-resnet20-W4A8.safetensors", Path.GetFileName(file));

        using var model = ResNet.Create("resnet20", 3, 10);
        var metadata = QuantizedFile.Load(file, model);
        Assert.Equal(("resnet20", "W4A8", "CWPL", "0.25", "32"), (metadata["model"], metadata["scheme"], metadata["mode"], metadata["ratio"], metadata["frequency"]));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Fp32)))[..12], metadata["fp32"]);
        var test = new BatchLoader(DatasetCatalog.Load(Path.Combine(folder, "tiny"), "test"), 16);
        Assert.Equal(row.GetProperty("top1").GetDouble(), Evaluator.Top1(model, test));
    }

    [Fact]
    public async Task A_killed_run_ends_with_the_bits_of_one_that_was_not()
    {
        string[] more = ["--epochs", "3", "--ratio", "0.25", "--frequency", "48"];
        Assert.Equal(0, (await Shell.Run(Arguments("straight", more))).ExitCode);
        string[] arguments = Arguments("killed", [.. more, "--save-every", "0.05"]);
        var checkpoint = Path.Combine(folder, "killed", "training.safetensors");
        using (var victim = Shell.Start([], arguments))
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(checkpoint), TimeSpan.FromMinutes(2)));
            victim.Kill();
            await victim.Finish();
        }
        Assert.InRange(int.Parse(SafeTensors.Read(checkpoint).Metadata["step"]), 1, 23);
        Assert.Equal(0, (await Shell.Run(arguments)).ExitCode);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "straight", "training.safetensors")), File.ReadAllBytes(checkpoint));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        async Task Refused(string[] arguments, params string[] parts)
        {
            var outcome = await Shell.Run(arguments);
            Assert.Equal(1, outcome.ExitCode);
            Assert.All(parts, part => Assert.Contains(part, outcome.Error));
        }
        string[] arguments = Arguments("run");
        await Refused([.. arguments[..1], .. arguments[3..]], "--fp32", "add --bits");
        await Refused([.. arguments, "--ratio", "1.5"], "ratio 1.5", "between 0 and 1");
        await Refused(["train", "--bits", "W9A8"], "9");
        Assert.Equal(0, (await Shell.Run(arguments)).ExitCode);
        await Refused([.. arguments, "--ratio", "1"], "its ratio is 0.1, this run's is 1");
    }
}
