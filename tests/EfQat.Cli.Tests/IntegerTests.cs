using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class IntegerTests : IDisposable
{
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    string Path(string name) => System.IO.Path.Combine(folder.FullName, name);

    [Fact]
    public async Task A_network_is_compiled_to_a_file_that_answers_as_the_fake_quantized_one()
    {
        string data = TinyData.Write(folder.FullName, train: 20, test: 30);
        manual_seed(1);
        using (var model = ResNet.Create("resnet20", 3, 10)) SafeTensors.Write(Path("fp32"), model.state_dict(), new Dictionary<string, string>());

        var compiled = Assert.Single(await Shell.Rows(
            "integer", "compile", "--data", data, "--weights", Path("fp32"), "--samples", "20", "--bits", "W7A7", "--out", Path("int7")));
        Assert.Equal(1 + 19 + 9 + 2 + 1 + 1, compiled.GetProperty("steps").GetInt32());
        Assert.InRange(compiled.GetProperty("worst_step").GetInt32(), 0, 1);
        Assert.InRange(compiled.GetProperty("ratio").GetDouble(), 4.5, 4.6);
        Assert.Equal(new FileInfo(Path("int7")).Length / 1e3, compiled.GetProperty("file_kb").GetDouble(), 1e-3);

        var rows = await Shell.Rows("integer", "run", Path("int7"), "--images", "30", "--turns", "2", "--threads", "2", "--kernel", "direct16");
        Assert.Equal(
            [("libtorch FP32", 1), ("integers, direct16", 1), ("libtorch FP32", 2), ("integers, direct16", 2)],
            rows.Select(row => (row.GetProperty("engine").GetString()!, row.GetProperty("threads").GetInt32())));
        Assert.InRange(rows[1].GetProperty("agreement").GetDouble(), 93, 100); // random weights: classes lie close
        Assert.All(rows, row => Assert.True(row.GetProperty("median_ms").GetDouble() > 0));

        var (code, output, _) = await Shell.Run("integer", "run", Path("int7"), "--images", "30", "--turns", "1", "--threads", "1", "--kernel", "direct", "--float64");
        Assert.Equal(0, code);
        Assert.Matches(@"in 64-bit floats answers like itself in 32-bit floats on (9\d|100)\.\d\d %, like the integers on (9\d|100)\.\d\d %", output);
    }

    [Fact]
    public async Task A_file_that_is_no_program_gives_one_line()
    {
        SafeTensors.Write(Path("fp32"), new Dictionary<string, Tensor> { ["w"] = ones(1) }, new Dictionary<string, string>());
        var (code, _, error) = await Shell.Run("integer", "run", Path("fp32"));
        Assert.Equal(1, code);
        Assert.StartsWith($"error: {Path("fp32")}: no integer program", error);
    }
}
