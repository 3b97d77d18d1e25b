using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Display;
using EfQat.Integer.Onnx;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat export onnx</c>: a quantized network as an ONNX file.</summary>
static class ExportCommand
{
    /// <summary>The result.</summary>
    /// <param name="Model">The network.</param>
    /// <param name="Scheme">How it is quantized.</param>
    /// <param name="Opset">The operator set that a runtime must know.</param>
    /// <param name="Nodes">Of the graph.</param>
    /// <param name="FileKb">Its size.</param>
    /// <param name="Ratio">The bytes of the weights in FP32 over it.</param>
    /// <param name="File">Where it is.</param>
    sealed record Row(string Model, string Scheme, long Opset, int Nodes, double FileKb, double Ratio, string File);

    public static Command Create() => new("export", "Write a quantized network for other runtimes") { Onnx() };

    static ExampleCommand Onnx()
    {
        var quantized = new Option<string?>("--quantized") { Description = "What 'efqat train --bits' wrote: exported as it is", HelpName = "FILE" };
        var fp32 = new Option<string?>(EfQatExperiment.Weights)
        {
            Description = "Full-precision weights, quantized after training [default: ours for the data set]", HelpName = "FILE",
        };
        var bits = new Option<string>("--bits") { Description = "Bits of weights and activations, for --fp32", DefaultValueFactory = _ => "W8A8" };
        var samples = new Option<int>("--samples") { Description = "To calibrate on, for --fp32", DefaultValueFactory = _ => 512 }.AtLeast(1);
        var unfolded = new Option<bool>("--keep-batchnorm")
        {
            Description = "BatchNorm stays a node, and weights are exactly the network's; else it is folded into scales and biases",
        };
        var file = new Option<string>("--out") { Description = "The file to write", HelpName = "FILE", DefaultValueFactory = _ => "runs/model.onnx" };
        var command = new ExampleCommand(
            "onnx", "An ONNX file with QuantizeLinear and DequantizeLinear around what is quantized, and integers for weights; 'efqat verify' checks it",
            "efqat export onnx --bits W8A8 --out runs/int8.onnx",
            "efqat export onnx --quantized runs/w4a8/fashion-mnist-resnet20-W4A8.safetensors --out runs/w4a8.onnx",
            "efqat export onnx --model bert-small --data sst2 --vocab vocab.txt --fp32 runs/sst2/sst2-bert-small.safetensors --bits W4A8 --out runs/bert.onnx")
        {
            quantized, fp32, bits, samples, unfolded, file,
        };
        TaskOptions.AddTo(command);
        RunOptions.AddTo(command, folder: false);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            string path = parsed.GetValue(file)!;
            if (parsed.GetValue(quantized) is not null)
                foreach (var option in (Option[])[fp32, bits, samples])
                    if (parsed.GetResult(option) is { Implicit: false })
                        throw new UserError($"{option.Name}: the file of --quantized has its own; leave {option.Name} out");
            var task = TaskOptions.Read(parsed);
            string weights = parsed.GetValue(quantized) ?? parsed.GetValue(fp32) ?? EfQatExperiment.DefaultWeights(task);
            var source = new OnnxSource(
                task.Model, task.Source, TaskOptions.VocabularyOf(parsed) ?? "", weights, EfQatExperiment.Digest(task, weights), parsed.GetValue(bits)!,
                parsed.GetValue(samples), $"{run.Seed}");
            if (parsed.GetValue(quantized) is not null)
            {
                var metadata = SafeTensors.Read(weights).Metadata;
                source = source with { Samples = 0, Scheme = metadata.GetValueOrDefault("scheme", ""), Seed = metadata.GetValueOrDefault("seed", "") };
            }
            using var scope = NewDisposeScope();
            var row = ProgressView.Show(run.Quiet, view =>
            {
                view.Update(0.1, source.Samples > 0 ? "calibrating" : "reading");
                task = source.Task();
                var network = source.Quantized(task);
                token.ThrowIfCancellationRequested();
                view.Update(0.8, "exporting");
                var (test, metadata) = (task.Test(CPU), source.Metadata());
                if (test is BatchLoader pictures) new Normalization(pictures.Data.Mean, pictures.Data.Std).AddTo(metadata);
                var model = OnnxExporter.Export(network, test.Epoch().First().Images[..1], metadata, foldBatchNorm: !parsed.GetValue(unfolded));
                OnnxFile.Save(model, path);
                double size = new FileInfo(path).Length;
                return new Row(
                    source.Model, source.Scheme, model.OpsetImport[0].Version, model.Graph.Node.Count, size / 1e3, OnnxSource.FloatBytes(task) / size, path);
            });
            Terminal.Write(parsed, ResultTable.Of([row])
                .Column("Model", r => r.Model)
                .Column("Bits", r => r.Scheme)
                .Column("Opset", r => r.Opset)
                .Column("Nodes", r => r.Nodes)
                .Column("File", r => r.FileKb, "kB", "0.0")
                .Column("FP32 / file", r => r.Ratio, "×", "0.00")
                .Column("File name", r => r.File));
            return CommandLine.Ok;
        });
    }
}
