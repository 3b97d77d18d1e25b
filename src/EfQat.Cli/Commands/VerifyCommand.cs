using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Display;
using EfQat.Integer.Onnx;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat verify</c>: an exported file in ONNX Runtime, beside the fake-quantized network.</summary>
static class VerifyCommand
{
    /// <summary>One row of the result.</summary>
    /// <param name="Runtime">And how it runs the file.</param>
    /// <param name="Samples">Of the test set.</param>
    /// <param name="KitTop1">The fake-quantized network's, in percent.</param>
    /// <param name="OnnxTop1">The file's.</param>
    /// <param name="SameTop1">Samples with the same answer, in percent.</param>
    /// <param name="Difference">The largest of two logits.</param>
    /// <param name="Steps">The same in steps of a grid of 8 bits over the network's logits.</param>
    /// <param name="FileKb">The file's size.</param>
    /// <param name="Ratio">The bytes of the weights in FP32 over it.</param>
    sealed record Row(
        string Runtime, int Samples, double KitTop1, double OnnxTop1, double SameTop1, double Difference, double Steps, double FileKb, double Ratio);

    public static ExampleCommand Create()
    {
        var file = new Argument<string>("FILE") { Description = "What 'efqat export onnx' wrote" }.RefusingOptions();
        var images = new Option<int?>("--images") { Description = "The first so many samples of the test set [default: all]" }.AtLeast(1);
        var data = new Option<string?>("--data") { Description = "The data, where they are elsewhere now" };
        var weights = new Option<string?>("--weights") { Description = "The weights it was made from, where they are elsewhere now", HelpName = "FILE" };
        var modules = OnnxRuntimeOption.Create();
        var command = new ExampleCommand(
            "verify",
            "Run an exported ONNX file in ONNX Runtime on the test set, as written (layers on floats) and optimized (on integers where ONNX Runtime "
            + "can, in its exact mode), and compare with the fake-quantized network: top-1, and the largest difference of two logits, also in steps of "
            + "a grid of 8 bits over their range.",
            "efqat verify runs/int8.onnx", "efqat verify runs/int8.onnx --images 1000 --json verify.json")
        {
            file, images, data, weights, modules,
        };
        RunOptions.AddTo(command, folder: false);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            string path = parsed.GetValue(file)!;
            var source = OnnxSource.Of(OnnxFile.Load(path), path);
            source = source with { Data = parsed.GetValue(data) ?? source.Data, Weights = parsed.GetValue(weights) ?? source.Weights };
            var task = source.Task();
            using var scope = NewDisposeScope();
            using var written = new OnnxRuntimeSession(path, optimize: false, get_num_threads(), parsed.GetValue(modules));
            using var optimized = new OnnxRuntimeSession(path, optimize: true, get_num_threads(), parsed.GetValue(modules));
            var agreements = ProgressView.Show(run.Quiet, view =>
            {
                view.Update(0, source.Samples > 0 ? "calibrating the fake-quantized network" : "reading");
                var (model, test) = (source.Quantized(task), task.Test(CPU));
                int count = Math.Min(parsed.GetValue(images) ?? test.Count, test.Count);
                return OnnxAgreement.Of(model, [written, optimized], First(test, count), seen => view.Update((double)seen / count, $"sample {seen}/{count}"), token);
            });
            double size = new FileInfo(path).Length, floats = OnnxSource.FloatBytes(task);
            string[] names = [$"ONNX Runtime {written.Version}, as written", $"ONNX Runtime {optimized.Version}, optimized"];
            Terminal.Write(parsed, ResultTable.Of([.. names.Zip(agreements, (name, agreement) => new Row(
                    name, agreement.Samples, agreement.ModelTop1, agreement.OnnxTop1, agreement.SameTop1, agreement.LargestDifference, agreement.LargestSteps,
                    size / 1e3, floats / size))])
                .Column("Runtime", r => r.Runtime)
                .Column("Samples", r => r.Samples)
                .Column("Top-1, kit", r => r.KitTop1, "%", "0.00")
                .Column("Top-1, file", r => r.OnnxTop1, "%", "0.00")
                .Column("Same top-1", r => r.SameTop1, "%", "0.00")
                .Column("Largest difference", r => r.Difference, null, "0.00000")
                .Column("in steps", r => r.Steps, null, "0.00")
                .Column("File", r => r.FileKb, "kB", "0.0")
                .Column("FP32 / file", r => r.Ratio, "×", "0.00"));
            Terminal.Note(parsed, $"{source.Model}, {source.Scheme}, {source.Data}, from {source.Weights}; a step: the network's logits' range / 255");
            return CommandLine.Ok;
        });
    }

    static IEnumerable<Batch> First(IBatches test, int count)
    {
        foreach (var (images, labels) in test.Epoch())
        {
            long next = Math.Min(count, images.shape[0]);
            if (next > 0) yield return new(images[..(int)next], labels[..(int)next]);
            if ((count -= (int)next) <= 0) yield break;
        }
    }
}
