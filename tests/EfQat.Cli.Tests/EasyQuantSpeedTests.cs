using System.Text.Json;
using System.Text.RegularExpressions;
using EfQat.Integer.Onnx;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class EasyQuantSpeedTests : IDisposable
{
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    string Path(string name) => System.IO.Path.Combine(folder.FullName, name);

    [Fact]
    public async Task Every_engine_runs_the_network_and_ours_answers_as_ONNX_Runtime()
    {
        string data = TinyData.Write(folder.FullName, train: 20, test: 20);
        manual_seed(1);
        using (var model = ResNet.Create("resnet20", 3, 10)) SafeTensors.Write(Path("fp32"), model.state_dict(), new Dictionary<string, string>());
        var (code, output, error) = await Shell.Run(
            "reproduce", "easyquant-speed", "--data", data, "--fp32", Path("fp32"), "--turns", "1", "--images", "20", "--samples", "20", "--threads", "1",
            "--out", folder.FullName, "--quiet", "--json");
        Assert.Equal(0, code);
        var rows = JsonDocument.Parse(output).RootElement.EnumerateArray().ToArray();
        bool onnx = OnnxRuntimeNode.Find() is not null;
        Assert.Equal(!onnx, error.Contains("ONNX Runtime is not installed"));
        Assert.Equal(
            [
                "integers, INT8", "integers, INT7", "integers, INT7, unsigned", "integers, W7A8", "libtorch FP32, nchw", "libtorch FP32, nhwc",
                .. onnx ? (string[])["ONNX Runtime FP32", "ONNX Runtime INT8"] : [],
                .. onnx && OnnxRuntimeSession.Saturates ? (string[])["ONNX Runtime INT8, exact"] : [],
                .. onnx ? (string[])["ONNX Runtime W7A8"] : [],
            ],
            rows.Select(row => Regex.Replace(row.GetProperty("engine").GetString()!, @" [\d.]+\b", "")));
        JsonElement Of(string engine) => rows.Single(row => Regex.IsMatch(row.GetProperty("engine").GetString()!, $"^{engine}$"));
        double? Number(JsonElement row, string key) => row.GetProperty(key) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

        // The first layer, three stages of six with halved pictures and doubled channels, and the linear one.
        double operations = 2 * (9 * 3 * 16 * 1024 + 6 * 9 * 16 * 16 * 1024 + 2 * (9 * 16 * 32 * 256 + 5 * 9 * 32 * 32 * 256) + 64 * 10);
        Assert.All(rows, row =>
        {
            double median = Number(row, "median_ms")!.Value;
            Assert.Equal(operations / 1e6, Number(row, "gops")!.Value * median, 1e-3 * operations / 1e6);
            Assert.InRange(median, Number(row, "min_ms")!.Value, Number(row, "max_ms")!.Value);
            bool floats = row.GetProperty("engine").GetString()!.Contains("FP32");
            Assert.Equal(floats, Number(row, "share_of_peak") is null);
        });
        var nchw = Of("libtorch FP32, nchw");
        Assert.Equal((100, null), (Number(nchw, "as_fp32"), Number(nchw, "as_integers")));
        Assert.All((string[])["INT8", "INT7", "INT7, unsigned", "W7A8"], width => Assert.Equal(100, Number(Of($"integers, {width}"), "as_integers")));
        if (onnx)
        {
            string exact = OnnxRuntimeSession.Saturates ? "INT8, exact" : "INT8";
            Assert.Equal(100, Number(Of("ONNX Runtime [0-9.]+ FP32"), "as_fp32"));
            Assert.All((string[])[exact, "W7A8"], name =>
                Assert.InRange(Number(Of($"ONNX Runtime [0-9.]+ {name}"), "as_integers")!.Value, 90, 100)); // not trained: classes lie close
            Assert.Equal(1, Number(Of("ONNX Runtime [0-9.]+ W7A8"), "speedup_exact"));
            Assert.Equal(1, Number(Of("ONNX Runtime [0-9.]+ INT8"), "speedup"));
        }
        else Assert.Null(Number(nchw, "speedup"));
        Assert.Contains("INT7, 1 threads, step by step", File.ReadAllText(Path("report.html")));
        Assert.StartsWith("<svg", File.ReadAllText(Path("speed-resnet20.svg")));
    }

    [Fact]
    public async Task A_network_of_ncnn_without_pictures_gives_one_line()
    {
        var (code, _, error) = await Shell.Run("reproduce", "easyquant-speed", "--ncnn", "some.param", "--quiet");
        Assert.Equal((1, "error: --ncnn: needs pictures to calibrate on; name a .tar with --pictures"), (code, error.TrimEnd()));
    }
}
