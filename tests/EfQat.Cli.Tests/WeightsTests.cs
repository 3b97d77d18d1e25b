using System.Text.Json;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class WeightsTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-weights-command").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_file_is_compared_converted_and_measured_with_its_own_normalization()
    {
        string data = TinyData.Write(folder, train: 20), weights = Path.Combine(folder, "w.dat"), converted = Path.Combine(folder, "w.safetensors");
        manual_seed(1);
        using (var model = ResNet.Create("resnet20", 3, 10)) model.save(weights);

        var rows = JsonDocument.Parse((await Shell.Run("weights", weights, "--model", "resnet32", "--json")).Output).RootElement.EnumerateArray().ToList();
        Assert.Equal(
            [("loaded", 116), ("missing", 60)], // PyTorch's counters, which a file may lack, are not among the missing
            rows.GroupBy(row => row.GetProperty("status").GetString()!).Select(group => (group.Key, group.Count())));

        Assert.Equal(0, (await Shell.Run("weights", weights, "--mean", "0.9", "0.9", "0.9", "--std", "0.01", "0.01", "0.01", "--out", converted)).ExitCode);
        Assert.Equal("0.9 0.9 0.9", SafeTensors.Read(converted).Metadata["input_mean"]);

        async Task<double> Top1(params string[] arguments)
        {
            var outcome = await Shell.Run(["weights", .. arguments, "--model", "resnet20", "--data", data, "--json"]);
            Assert.True(outcome.ExitCode == 0, outcome.Error);
            return JsonDocument.Parse(outcome.Output).RootElement[0].GetProperty("top1").GetDouble();
        }
        Assert.Equal(await Top1(weights, "--mean", "0.9", "0.9", "0.9", "--std", "0.01", "0.01", "0.01"), await Top1(converted));
    }

    [Fact]
    public async Task What_does_not_fit_is_said()
    {
        string weights = Path.Combine(folder, "w.safetensors");
        using (var model = ResNet.Create("resnet32", 3, 10)) SafeTensors.Write(weights, model.state_dict(), new Dictionary<string, string>());
        async Task<string> Refusal(params string[] arguments)
        {
            var (code, _, error) = await Shell.Run(["weights", weights, .. arguments]);
            Assert.Equal(1, code);
            return error;
        }
        string data = TinyData.Write(folder, train: 20);
        Assert.Contains("'efqat weights", await Refusal("--model", "resnet20", "--data", data));
        Assert.Contains("--model", await Refusal("--data", data));
        Assert.Contains("one of them is missing", await Refusal("--mean", "0.5"));
        Assert.Contains("3 channels", await Refusal("--model", "resnet32", "--data", data, "--mean", "0.5", "--std", "0.5"));
    }
}
