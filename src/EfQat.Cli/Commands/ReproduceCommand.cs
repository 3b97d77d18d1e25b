using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat reproduce</c>: FP32 → PTQ → EfQAT in its modes → QAT, one table and one report.</summary>
static class ReproduceCommand
{
    const string DefaultWeights = "data/checkpoints/fashion-mnist-resnet20.safetensors";
    const string Weights = "--fp32", DefaultOut = "runs/efqat";

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
        var weights = new Option<string>(Weights) { Description = "Full-precision ResNet-20 weights, made by 'efqat train'", DefaultValueFactory = _ => DefaultWeights, HelpName = "FILE" };
        var bits = new Option<string[]>("--bits") { Description = "Schemes", DefaultValueFactory = _ => ["W4A8", "W4A4"], AllowMultipleArgumentsPerToken = true };
        var ratios = new Option<double[]>("--ratios") { Description = "Shares of blocks to update", DefaultValueFactory = _ => [0.05, 0.1, 0.25], AllowMultipleArgumentsPerToken = true };
        var images = new Option<int>("--images") { Description = "Training images that each method sees", DefaultValueFactory = _ => 8192 }.AtLeast(1);
        var turns = new Option<int>("--turns") { Description = "Timed steps of each method", DefaultValueFactory = _ => 7 }.AtLeast(1);
        // Of six settings the best at W4A4 with seed 1, for 64 steps.
        var defaults = new EfQatOptions(LearningRate: 1e-2, ScaleLearningRate: 3e-2);
        var lr = new Option<double>("--lr") { Description = "Learning rate of weights, biases and norms, the same for every method; cosine schedule", DefaultValueFactory = _ => defaults.LearningRate };
        var scaleLr = new Option<double>("--scale-lr") { Description = "Learning rate of scales and zero points", DefaultValueFactory = _ => defaults.ScaleLearningRate };
        var command = new ExampleCommand(
            "reproduce", "EfQAT on ResNet-20 and Fashion-MNIST: FP32, PTQ, EfQAT in its three modes and QAT; one table, one report",
            $"efqat reproduce --out {DefaultOut}", "efqat reproduce --bits W4A4 --ratios 0.1 --images 60000")
        {
            weights, bits, ratios, images, turns, lr, scaleLr,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var training = defaults with { LearningRate = parsed.GetValue(lr), ScaleLearningRate = parsed.GetValue(scaleLr) };
            var experiment = new Experiment(run, parsed.GetValue(weights)!, parsed.GetValue(images), parsed.GetValue(turns), training);
            Scheme[] schemes = [.. parsed.GetValue(bits)!.Select(Scheme.Parse)];
            var clock = Stopwatch.StartNew();
            var rows = ProgressView.Show(run.Quiet, view => experiment.Run(schemes, parsed.GetValue(ratios)!, view, token));
            var table = ReproduceReport.Table(rows);
            Terminal.Write(parsed, table);
            Terminal.Note(parsed, $"{Machine.Line}, {experiment.Images} images a method, seed {run.Seed}; took {clock.Elapsed:h\\:mm\\:ss}");
            string report = Path.Combine(run.Out ?? DefaultOut, "report.html");
            ReproduceReport.Of(table, rows, run, experiment.Images).Save(report);
            foreach (var (scheme, chart) in ReproduceReport.Charts(rows))
                WholeFile.Write(Path.Combine(run.Out ?? DefaultOut, $"accuracy-{scheme}.svg"), chart.ToSvg());
            Terminal.Note(parsed, $"report: {report}");
            return CommandLine.Ok;
        });
    }

    /// <summary>The data, and the network that every method starts from.</summary>
    sealed class Experiment
    {
        readonly RunOptions run;
        readonly int turns;
        readonly EfQatOptions training;
        readonly BatchLoader train, test, calibration;
        readonly Dictionary<string, Tensor> fp32;

        public Experiment(RunOptions run, string weights, int images, int turns, EfQatOptions training)
        {
            if (!File.Exists(weights))
                throw new UserError($"{weights}: the full-precision weights are missing; make them with 'efqat train --out runs/fp32' and name the file with {Weights}");
            (this.run, this.turns, this.training) = (run, turns, training);
            var data = FashionMnist.Load("train");
            train = new(data.Subset(images, run.Seed), 128, shuffle: true, augment: true, run.Seed, run.Device);
            calibration = new(data.Subset(512, run.Seed), 128, device: run.Device);
            test = new(FashionMnist.Load("test"), 500, device: run.Device);
            fp32 = SafeTensors.Read(weights).Tensors;
            Images = train.BatchesPerEpoch * train.BatchSize;
        }

        /// <summary>How many each method trains on.</summary>
        public int Images { get; }

        public List<Row> Run(Scheme[] schemes, double[] ratios, IProgressView view, CancellationToken token)
        {
            using var network = Network();
            double top1 = Evaluator.Top1(network, test, token);
            List<Row> rows = [new("FP32", "FP32", null, top1)];
            view.Line(string.Create(CultureInfo.InvariantCulture, $"FP32: top-1 {top1:0.00} %"));
            int done = 0, all = schemes.Length * (1 + ratios.Length * Enum.GetValues<FreezingMode>().Length);
            foreach (var scheme in schemes)
                rows.AddRange(Run(scheme, ratios, top1, name => new TrainingProgress(view, $"{++done}/{all} {scheme} {name}: "), token));
            return rows;
        }

        IEnumerable<Row> Run(Scheme scheme, double[] ratios, double top1, Func<string, ITrainingMonitor> monitor, CancellationToken token)
        {
            // QAT is trained first, since the others' speed is measured against it, but reads best as the last row.
            using var qat = Trained(scheme, "QAT", training with { Ratio = 1 }, monitor, token);
            double? Recovered(double now) => qat.Ptq < top1 ? 100 * (now - qat.Ptq) / (top1 - qat.Ptq) : null;
            Row Of(Method method, List<StepTime> times, double speedup) => new(
                method.Name, $"{scheme}", method.Ratio, method.Top1, method.Top1 - top1, Recovered(method.Top1),
                100 * method.Rule.Schedule.UpdatedShare, Timing.Median(times.Select(time => time.Backward)), speedup, times.Max(time => time.PeakBytes) / 1e6);

            yield return new("PTQ", $"{scheme}", null, qat.Ptq, qat.Ptq - top1, Recovered(qat.Ptq), 0);
            List<StepTime> ofQat = [];
            foreach (var mode in Enum.GetValues<FreezingMode>())
                foreach (double ratio in ratios)
                {
                    using var method = Trained(scheme, $"EfQAT-{mode.ShortName()}", training with { Mode = mode, Ratio = ratio }, monitor, token);
                    var (own, reference) = Time(method, qat);
                    ofQat.AddRange(reference);
                    yield return Of(method, own, Timing.MedianRatio(reference.Select(time => time.Backward), own.Select(time => time.Backward)));
                }
            yield return Of(qat, ofQat, 1);
        }

        /// <summary>Quantized after training, then trained.</summary>
        Method Trained(Scheme scheme, string name, EfQatOptions options, Func<string, ITrainingMonitor> monitor, CancellationToken token)
        {
            var model = Network();
            Quantize.Prepare(model, scheme);
            Quantize.Calibrate(model, scheme, calibration.Epoch());
            double ptq = name == "QAT" ? Evaluator.Top1(model, test, token) : double.NaN;
            var rule = new EfQatUpdate(model, options);
            var progress = monitor(string.Create(CultureInfo.InvariantCulture, $"{name} {options.Ratio:0 %}"));
            var result = Trainer.Run(model, rule, train, test, new(1, Schedule.Cosine(train.BatchesPerEpoch)), progress, token);
            if (result.Interrupted) throw new OperationCanceledException(token);
            return new(name, options.Ratio, model, rule, result.Top1, ptq);
        }

        (List<StepTime> Own, List<StepTime> Qat) Time(Method method, Method qat)
        {
            using var scope = NewDisposeScope();
            var batch = train.Epoch().First();
            StepTimer own = new(method.Model, method.Rule, batch), reference = new(qat.Model, qat.Rule, batch);
            var times = Enumerable.Range(0, turns + 1).Select(_ => (Own: own.Step(), Qat: reference.Step())).Skip(1).ToArray();
            return ([.. times.Select(time => time.Own)], [.. times.Select(time => time.Qat)]);
        }

        ResNet Network()
        {
            var model = ResNet.Create("resnet20", 1, 10).to(run.Device);
            model.load_state_dict(fp32);
            return model;
        }
    }

    sealed record Method(string Name, double Ratio, ResNet Model, EfQatUpdate Rule, double Top1, double Ptq) : IDisposable
    {
        public void Dispose()
        {
            Rule.Dispose();
            Model.Dispose();
        }
    }
}
