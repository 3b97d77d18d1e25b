using System.CommandLine;
using EfQat.Cli.Progress;
using EfQat.Display;
using EfQat.Integer.Compilation;
using EfQat.Integer.Program;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat integer compile</c>: from full-precision weights to a file of integers.</summary>
static class IntegerCompileCommand
{
    /// <summary>The result.</summary>
    /// <param name="Model">The network.</param>
    /// <param name="Scheme">How it was quantized.</param>
    /// <param name="Steps">Of the program.</param>
    /// <param name="FileKb">Its file.</param>
    /// <param name="Ratio">The bytes of the full-precision network over it.</param>
    /// <param name="ActivationKb">All memory that running it takes for codes.</param>
    /// <param name="WorstStep">The greatest difference of a layer from the fake-quantized network, in steps of its grid.</param>
    /// <param name="WorstShare">The greatest share of a layer's codes that differ.</param>
    /// <param name="File">Where it is.</param>
    sealed record Row(string Model, string Scheme, int Steps, double FileKb, double Ratio, double ActivationKb, int WorstStep, double WorstShare, string File);

    public static ExampleCommand Create()
    {
        var model = new Option<string>("--model") { Description = "resnet20, resnet32, resnet44, resnet56, or a .param file of ncnn", DefaultValueFactory = _ => "resnet20" };
        var weights = new Option<string?>("--weights") { Description = "Full-precision weights [default: ours for the data set]", HelpName = "FILE" };
        var data = new Option<string>("--data") { Description = "A data set; for ncnn a .tar of pictures in CLASS/NAME.JPEG", DefaultValueFactory = _ => "fashion-mnist" };
        var bits = new Option<string>("--bits") { Description = "Bits of weights and activations", DefaultValueFactory = _ => "W8A8" };
        var samples = new Option<int>("--samples") { Description = "Images to calibrate on", DefaultValueFactory = _ => 512 }.AtLeast(1);
        var easyQuant = new Option<bool>("--easyquant") { Description = "Search the scales after calibration (EasyQuant); the paper takes 50 samples" };
        var file = new Option<string>("--out") { Description = "The file to write", HelpName = "FILE", DefaultValueFactory = _ => "runs/integer.safetensors" };
        var command = new ExampleCommand(
            "compile", "Quantize a network after training and compile it to integers: BatchNorm and ReLU become part of the convolutions",
            "efqat integer compile --bits W8A8 --out runs/int8.safetensors",
            "efqat integer compile --bits W7A7,first-last=2,narrow,signed --easyquant --samples 50 --out runs/int7.safetensors",
            "efqat integer compile --model squeezenet_v1.1.param --data imagenet-sample-1000.tar --samples 50 --out runs/squeezenet.safetensors")
        {
            model, weights, data, bits, samples, easyQuant, file,
        };
        RunOptions.AddTo(command, folder: false);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            string name = parsed.GetValue(model)!, source = parsed.GetValue(data)!, path = parsed.GetValue(file)!;
            bool ncnn = name.EndsWith(".param", StringComparison.Ordinal);
            var network = new IntegerNetwork(
                name, parsed.GetValue(weights) ?? (ncnn ? "" : IntegerNetwork.DefaultWeights(name, source)), source, parsed.GetValue(bits)!,
                parsed.GetValue(samples), run.Seed, parsed.GetValue(easyQuant));
            using var scope = NewDisposeScope();
            var row = ProgressView.Show(run.Quiet, view =>
            {
                view.Update(0.1, "calibrating");
                var quantized = network.Quantized();
                token.ThrowIfCancellationRequested();
                view.Update(0.7, "compiling");
                var sample = network.Test(1, 1).Epoch().First().Images;
                var program = IntegerCompiler.Compile(quantized, sample, network.Origin());
                ProgramFile.Save(program, path);
                view.Update(0.9, "comparing layer by layer");
                using var session = new IntegerSession(program);
                var layers = LayerDifference.Of(session, quantized, sample);
                double size = new FileInfo(path).Length;
                return new Row(
                    Path.GetFileNameWithoutExtension(name), network.Scheme, program.Steps.Count, size / 1e3, network.FloatBytes() / size, session.ActivationBytes / 1e3,
                    layers.Max(layer => layer.MaxSteps), layers.Max(layer => layer.Share), path);
            });
            Terminal.Write(parsed, ResultTable.Of([row])
                .Column("Model", r => r.Model)
                .Column("Bits", r => r.Scheme)
                .Column("Steps", r => r.Steps)
                .Column("File", r => r.FileKb, "kB", "0.0")
                .Column("FP32 / file", r => r.Ratio, "×", "0.00")
                .Column("Activations", r => r.ActivationKb, "kB", "0.0")
                .Column("Worst layer", r => r.WorstStep, "steps", "0")
                .Column("Codes off", r => r.WorstShare, null, "0.000 %")
                .Column("File name", r => r.File));
            return CommandLine.Ok;
        });
    }
}
