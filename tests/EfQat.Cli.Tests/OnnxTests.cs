using EfQat.Integer.Onnx;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class OnnxTests : IDisposable
{
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    string Path(string name) => System.IO.Path.Combine(folder.FullName, name);

    static async Task<string> Error(params string[] args)
    {
        var (code, _, error) = await Shell.Run([.. args, "--quiet"]);
        Assert.Equal(1, code);
        Assert.Single(error.TrimEnd().Split('\n'));
        return error;
    }

    string WriteWeights()
    {
        manual_seed(1);
        using var model = ResNet.Create("resnet20", 3, 10);
        SafeTensors.Write(Path("fp32"), model.state_dict(), new Dictionary<string, string>());
        return Path("fp32");
    }

    [SkippableFact]
    public async Task A_trained_network_is_exported_and_verified_in_ONNX_Runtime()
    {
        Skip.If(OnnxRuntimeNode.Find() is null, $"ONNX Runtime is not installed; {OnnxRuntimeNode.Install}");
        string data = TinyData.Write(folder.FullName, train: 40, test: 30);
        string quantized = (await Shell.Rows(
            "train", "--data", data, "--bits", "W4A8", "--fp32", WriteWeights(), "--images", "40", "--batch", "20", "--out", Path("run")))[0].GetProperty("weights").GetString()!;
        var row = Assert.Single(await Shell.Rows("export", "onnx", "--data", data, "--quantized", quantized, "--out", Path("net.onnx")));
        Assert.Equal(("W4A8", 21), (row.GetProperty("scheme").GetString(), row.GetProperty("opset").GetInt32()));
        Assert.InRange(row.GetProperty("ratio").GetDouble(), 6, 8);
        var metadata = OnnxFile.Load(Path("net.onnx")).Metadata();
        Assert.Equal(("resnet20", "1", quantized), (metadata["model"], metadata["seed"], metadata["weights"]));
        Assert.Equal(3, metadata["input_mean"].Split(' ').Length);

        var rows = await Shell.Rows("verify", Path("net.onnx"), "--images", "25");
        Assert.Equal(2, rows.Length);
        Assert.All(rows, verified =>
        {
            Assert.Equal(25, verified.GetProperty("samples").GetInt32());
            Assert.InRange(verified.GetProperty("steps").GetDouble(), 0, 5);
            Assert.InRange(verified.GetProperty("same_top1").GetDouble(), 80, 100); // hardly trained: classes lie close
            Assert.Equal(new FileInfo(Path("net.onnx")).Length / 1e3, verified.GetProperty("file_kb").GetDouble(), 1e-6);
        });
    }

    [Fact]
    public async Task What_cannot_be_compared_gives_one_line()
    {
        string data = TinyData.Write(folder.FullName, train: 20, test: 4), file = Path("net.onnx");
        await Shell.Rows("export", "onnx", "--data", data, "--fp32", WriteWeights(), "--samples", "20", "--out", file);
        Assert.Contains(OnnxRuntimeNode.Install, await Error("verify", file, "--onnxruntime", Path("nothing")));

        Assert.Contains("--bits: the file of --quantized has its own", await Error("export", "onnx", "--quantized", Path("fp32"), "--bits", "W8A8"));
        Assert.Contains("its scheme is missing", await Error("export", "onnx", "--data", data, "--quantized", Path("fp32"), "--out", file));

        using (var other = ResNet.Create("resnet20", 3, 10)) SafeTensors.Write(Path("fp32"), other.state_dict(), new Dictionary<string, string>());
        Assert.Contains("its sha256 begins with", await Error("verify", file));

        var foreign = OnnxFile.Load(file);
        foreign.MetadataProps.Clear();
        OnnxFile.Save(foreign, file);
        Assert.Contains("does not say what it was made from ('model')", await Error("verify", file));
        Assert.Contains("no ONNX file", await Error("verify", Path("fp32")));
    }
}
