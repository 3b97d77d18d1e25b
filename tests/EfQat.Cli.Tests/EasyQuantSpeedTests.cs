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
        Assert.Equal(onnx ? 6 : 4, rows.Length);
        Assert.Equal(
            [
                "integers, INT8", "integers, INT7", "libtorch FP32, nchw", "libtorch FP32, nhwc",
                .. onnx ? (string[])["ONNX Runtime FP32", "ONNX Runtime INT8"] : [],
            ],
            rows.Select(row => Regex.Replace(row.GetProperty("engine").GetString()!, @" [\d.]+\b", "")).Distinct());

        // The first layer, three stages of six with halved pictures and doubled channels, and the linear one.
        double operations = 2 * (9 * 3 * 16 * 1024 + 6 * 9 * 16 * 16 * 1024 + 2 * (9 * 16 * 32 * 256 + 5 * 9 * 32 * 32 * 256) + 64 * 10);
        Assert.All(rows, row =>
        {
            double Number(string key) => row.GetProperty(key).GetDouble();
            Assert.Equal(operations / 1e6, Number("gops") * Number("median_ms"), 1e-3 * operations / 1e6);
            Assert.InRange(Number("median_ms"), Number("min_ms"), Number("max_ms"));
            bool floats = row.GetProperty("engine").GetString()!.Contains("FP32");
            Assert.Equal(floats, row.GetProperty("share_of_peak").ValueKind == JsonValueKind.Null);
        });
        if (onnx)
        {
            JsonElement Of(string engine) => rows.Single(row => Regex.IsMatch(row.GetProperty("engine").GetString()!, engine));
            Assert.Equal(100, Of("ONNX Runtime .* INT8").GetProperty("agreement").GetDouble());
            Assert.InRange(Of("integers, INT8").GetProperty("agreement").GetDouble(), OnnxRuntimeSession.IsExact ? 90 : 50, 100);
            Assert.Equal(1, Of("ONNX Runtime .* INT8").GetProperty("speedup").GetDouble());
        }
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
