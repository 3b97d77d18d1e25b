using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat reproduce</c>: FP32 → PTQ → EfQAT in its modes → QAT, one table and one report.</summary>
static class ReproduceCommand
{
    const string DefaultWeights = "data/checkpoints/fashion-mnist-resnet20.safetensors";
    const string DefaultOut = "runs/efqat";

    /// <summary>One row of the result.</summary>
    /// <param name="Method">FP32, PTQ, QAT or EfQAT's mode.</param>
    /// <param name="Bits">Of weights and activations.</param>
    /// <param name="Ratio">Share of blocks updated.</param>
    /// <param name="Top1">Test accuracy in percent.</param>
    /// <param name="DeltaFp32">Points above FP32.</param>
    /// <param name="Recovered">The share of what PTQ lost that training won back, in percent; null where PTQ lost nothing.</param>
    /// <param name="WeightsUpdated">Share of all weights in percent.</param>
    /// <param name="BackwardMs">Median of the backward pass.</param>
    /// <param name="Speedup">QAT's backward over this one's, the two taking turns: the median of the ratios.</param>
    /// <param name="PeakMemoryMb">Of a training step.</param>
    internal sealed record Row(
        string Method, string Bits, double? Ratio, double Top1, double? DeltaFp32 = null, double? Recovered = null, double? WeightsUpdated = null,
        double? BackwardMs = null, double? Speedup = null, double? PeakMemoryMb = null);

    public static ExampleCommand Create()
    {
        var weights = new Option<string>(EfQatExperiment.Weights) { Description = "Full-precision ResNet-20 weights, made by 'efqat train'", DefaultValueFactory = _ => DefaultWeights, HelpName = "FILE" };
        var bits = new Option<string[]>("--bits") { Description = "Schemes", DefaultValueFactory = _ => ["W4A8", "W4A4"], AllowMultipleArgumentsPerToken = true };
        var ratios = new Option<double[]>("--ratios") { Description = "Shares of blocks to update", DefaultValueFactory = _ => [0.05, 0.1, 0.25], AllowMultipleArgumentsPerToken = true };
        var images = new Option<int>("--images") { Description = "Training images that each method sees", DefaultValueFactory = _ => 8192 }.AtLeast(1);
        var turns = new Option<int>("--turns") { Description = "Timed steps of each method", DefaultValueFactory = _ => 7 }.AtLeast(1);
        var defaults = ImageTask.Defaults.Quantized;
        var lr = new Option<double>("--lr") { Description = "Learning rate of weights, biases and norms, the same for every method; cosine schedule", DefaultValueFactory = _ => defaults.LearningRate };
        var scaleLr = new Option<double>("--scale-lr") { Description = "Learning rate of scales and zero points", DefaultValueFactory = _ => defaults.ScaleLearningRate };
        var command = new ExampleCommand(
            "reproduce", "EfQAT on ResNet-20 and Fashion-MNIST: FP32, PTQ, EfQAT in its three modes and QAT; one table, one report",
            $"efqat reproduce --out {DefaultOut}", "efqat reproduce --bits W4A4 --ratios 0.1 --images 60000")
        {
            weights, bits, ratios, images, turns, lr, scaleLr,
        };
        command.Add(AccuracyCommand.Create());
        command.Add(AblationCommand.Create());
        command.Add(EasyQuantCommand.Create());
        command.Add(EasyQuantSpeedCommand.Create());
        command.Add(BwrfCommand.Create());
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var training = defaults with { LearningRate = parsed.GetValue(lr), ScaleLearningRate = parsed.GetValue(scaleLr) };
            var experiment = new EfQatExperiment(
                new ImageTask("resnet20", "fashion-mnist"), parsed.GetValue(weights)!, parsed.GetValue(images), run.Seed, run.Device);
            Scheme[] schemes = [.. parsed.GetValue(bits)!.Select(Scheme.Parse)];
            var clock = Stopwatch.StartNew();
            var rows = ProgressView.Show(run.Quiet, view => new Comparison(experiment, training, parsed.GetValue(turns)).Run(schemes, parsed.GetValue(ratios)!, view, token));
            var table = ReproduceReport.Table(rows);
            Terminal.Write(parsed, table);
            Terminal.Note(parsed, $"{Machine.Line}, {experiment.Samples} images a method, seed {run.Seed}; took {clock.Elapsed:h\\:mm\\:ss}");
            string report = Path.Combine(run.Out ?? DefaultOut, "report.html");
            ReproduceReport.Of(table, rows, run, experiment.Samples).Save(report);
            foreach (var (scheme, chart) in ReproduceReport.Charts(rows))
                WholeFile.Write(Path.Combine(run.Out ?? DefaultOut, $"accuracy-{scheme}.svg"), chart.ToSvg());
            Terminal.Note(parsed, $"report: {report}");
            return CommandLine.Ok;
        });
    }

    /// <summary>Every method at every scheme, one after the other.</summary>
    sealed class Comparison(EfQatExperiment experiment, EfQatOptions training, int turns)
    {
        public List<Row> Run(Scheme[] schemes, double[] ratios, IProgressView view, CancellationToken token)
        {
            using var network = experiment.Fp32();
            double top1 = experiment.Top1(network, token);
            List<Row> rows = [new("FP32", "FP32", null, top1)];
            view.Line(string.Create(CultureInfo.InvariantCulture, $"FP32: top-1 {top1:0.00} %"));
            int done = 0, all = schemes.Length * (1 + ratios.Length * Enum.GetValues<FreezingMode>().Length);
            foreach (var scheme in schemes)
                rows.AddRange(Run(scheme, ratios, top1, name => new TrainingProgress(view, $"{++done}/{all} {scheme} {name}: "), token));
            return rows;
        }

        IEnumerable<Row> Run(Scheme scheme, double[] ratios, double fp32, Func<string, ITrainingMonitor> monitor, CancellationToken token)
        {
            TrainedMethod Train(string name, nn.Module<Tensor, Tensor> model, EfQatOptions options) => experiment.Train(
                model, options, monitor(string.Create(CultureInfo.InvariantCulture, $"{name} {options.Ratio:0 %}")), token);

            // QAT is trained first, since the others' speed is measured against it, but reads best as the last row.
            var quantized = experiment.Ptq(scheme);
            double ptq = experiment.Top1(quantized, token);
            using var qat = Train("QAT", quantized, training with { Ratio = 1 });
            double? Recovered(double now) => ptq < fp32 ? 100 * (now - ptq) / (fp32 - ptq) : null;
            Row Of(string name, TrainedMethod method, List<StepTime> times, double speedup) => new(
                name, $"{scheme}", method.Ratio, method.Top1, method.Top1 - fp32, Recovered(method.Top1),
                100 * method.Rule.Schedule.UpdatedShare, Statistics.Median(times.Select(time => time.Backward)), speedup, times.Max(time => time.PeakBytes) / 1e6);

            yield return new("PTQ", $"{scheme}", null, ptq, ptq - fp32, Recovered(ptq), 0);
            List<StepTime> ofQat = [];
            foreach (var mode in Enum.GetValues<FreezingMode>())
                foreach (double ratio in ratios)
                {
                    string name = $"EfQAT-{mode.ShortName()}";
                    using var method = Train(name, experiment.Ptq(scheme), training with { Mode = mode, Ratio = ratio });
                    var (own, reference) = Time(method, qat);
                    ofQat.AddRange(reference);
                    yield return Of(name, method, own, Statistics.MedianRatio(reference.Select(time => time.Backward), own.Select(time => time.Backward)));
                }
            yield return Of("QAT", qat, ofQat, 1);
        }

        (List<StepTime> Own, List<StepTime> Qat) Time(TrainedMethod method, TrainedMethod qat)
        {
            using var scope = NewDisposeScope();
            var batch = experiment.FirstBatch();
            StepTimer own = new(method.Model, method.Rule, batch), reference = new(qat.Model, qat.Rule, batch);
            var times = Enumerable.Range(0, turns + 1).Select(_ => (Own: own.Step(), Qat: reference.Step())).Skip(1).ToArray();
            return ([.. times.Select(time => time.Own)], [.. times.Select(time => time.Qat)]);
        }
    }
}
