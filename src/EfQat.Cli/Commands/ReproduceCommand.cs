using System.CommandLine;
using System.Globalization;
using EfQat.Cli.Diagnosis;
using EfQat.Cli.Progress;
using EfQat.Datasets;
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

    /// <summary>One row of the result.</summary>
    /// <param name="Method">FP32, PTQ, QAT or EfQAT's mode.</param>
    /// <param name="Bits">Of weights and activations.</param>
    /// <param name="Ratio">Share of blocks updated.</param>
    /// <param name="Top1">Test accuracy in percent.</param>
    /// <param name="DeltaFp32">Points above FP32.</param>
    /// <param name="WeightsUpdated">Share of all weights in percent.</param>
    /// <param name="BackwardMs">Median of the backward pass in this run.</param>
    /// <param name="Speedup">QAT's median backward over this one's; not interleaved, see bench backward.</param>
    /// <param name="PeakMemoryMb">Of a training step.</param>
    sealed record Row(
        string Method, string Bits, double? Ratio, double Top1, double? DeltaFp32, double? WeightsUpdated = null,
        double? BackwardMs = null, double? Speedup = null, double? PeakMemoryMb = null);

    public static ExampleCommand Create()
    {
        var weights = new Option<string>("--fp32") { Description = "Full-precision ResNet-20 weights, made by 'efqat train'", DefaultValueFactory = _ => DefaultWeights };
        var bits = new Option<string[]>("--bits") { Description = "Schemes", DefaultValueFactory = _ => ["W4A8", "W4A4"], AllowMultipleArgumentsPerToken = true };
        var ratios = new Option<double[]>("--ratios") { Description = "Shares of blocks to update", DefaultValueFactory = _ => [0.05, 0.1, 0.25], AllowMultipleArgumentsPerToken = true };
        var images = new Option<int>("--images") { Description = "Training images that each method sees", DefaultValueFactory = _ => 8192 };
        var command = new ExampleCommand(
            "reproduce", "EfQAT on ResNet-20 and Fashion-MNIST: FP32, PTQ, EfQAT in its three modes and QAT; one table, one report",
            "efqat reproduce --out runs/efqat", "efqat reproduce --bits W4A4 --ratios 0.1 --images 60000")
        {
            weights, bits, ratios, images,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var rows = ProgressView.Show(run.Quiet, view => Run(
                run, parsed.GetValue(weights)!, [.. parsed.GetValue(bits)!.Select(Scheme.Parse)], parsed.GetValue(ratios)!, parsed.GetValue(images), view, token));
            var table = Table(rows);
            Terminal.Write(parsed, table);
            string report = Path.Combine(run.Out ?? "runs/efqat", "report.html");
            Report(table, rows, run, parsed.GetValue(images)).Save(report);
            parsed.InvocationConfiguration.Output.WriteLine($"report: {report}");
            return CommandLine.Ok;
        });
    }

    static List<Row> Run(RunOptions run, string weights, Scheme[] schemes, double[] ratios, int images, IProgressView view, CancellationToken token)
    {
        if (!File.Exists(weights))
            throw new UserError($"{weights}: the full-precision weights are missing; make them with 'efqat train --out runs/fp32' and name the file with --fp32");
        var train = new BatchLoader(FashionMnist.Load("train").Subset(images, run.Seed), 128, shuffle: true, augment: true, run.Seed, run.Device);
        var test = new BatchLoader(FashionMnist.Load("test"), 500, device: run.Device);
        var calibration = new BatchLoader(FashionMnist.Load("train").Subset(512, run.Seed), 128, device: run.Device);
        var (tensors, _) = SafeTensors.Read(weights);
        ResNet Network()
        {
            var model = ResNet.Create("resnet20", 1, 10).to(run.Device);
            model.load_state_dict(tensors);
            return model;
        }
        using var network = Network();
        double fp32 = Evaluator.Top1(network, test, token);
        List<Row> rows = [new("FP32", "FP32", null, fp32, null)];
        view.Line(string.Create(CultureInfo.InvariantCulture, $"FP32: top-1 {fp32:0.00} %"));

        foreach (var scheme in schemes)
        {
            List<(string Method, EfQatOptions Options)> methods =
            [
                ("QAT", new(Ratio: 1)),
                .. Enum.GetValues<FreezingMode>().SelectMany(mode => ratios.Select(ratio => ($"EfQAT-{mode.ShortName()}", new EfQatOptions(mode, ratio)))),
            ];
            double qatBackward = double.NaN;
            int ptq = rows.Count;
            foreach (var (method, options) in methods)
            {
                using var model = Network();
                Quantize.Prepare(model, scheme);
                Quantize.Calibrate(model, scheme, calibration.Epoch());
                if (method == "QAT")
                {
                    double top1 = Evaluator.Top1(model, test, token);
                    rows.Add(new("PTQ", $"{scheme}", null, top1, top1 - fp32, 0));
                }
                using var rule = new EfQatUpdate(model, options);
                var name = string.Create(CultureInfo.InvariantCulture, $"{scheme} {method} {options.Ratio:0 %}: ");
                var schedule = Schedule.Cosine(train.BatchesPerEpoch);
                var result = Trainer.Run(model, rule, train, test, new(1, schedule), new TrainingProgress(view, name), token);
                if (result.Interrupted) throw new OperationCanceledException(token);
                using var scope = NewDisposeScope();
                var timer = new StepTimer(model, rule, train.Epoch().First());
                var times = Enumerable.Range(0, 7).Select(_ => timer.Step()).Skip(2).ToArray();
                double backward = times.Select(time => time.Backward).Order().ElementAt(times.Length / 2);
                if (method == "QAT") qatBackward = backward;
                rows.Add(new(
                    method, $"{scheme}", options.Ratio, result.Top1, result.Top1 - fp32, 100 * rule.Schedule.UpdatedShare, backward,
                    qatBackward / backward, times.Max(time => time.PeakBytes) / 1e6));
            }
            // QAT runs first, since the others' speed is measured against it, but reads best as the last row.
            var full = rows[ptq + 1];
            rows.RemoveAt(ptq + 1);
            rows.Add(full);
        }
        return rows;
    }

    static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Bits", r => r.Bits)
        .Column("Method", r => r.Method)
        .Column("Ratio", r => r.Ratio, null, "0 %")
        .Column("Top-1", r => r.Top1, "%", "0.00")
        .Column("Δ FP32", r => r.DeltaFp32, "points", "+0.00;-0.00")
        .Column("Weights updated", r => r.WeightsUpdated, "%", "0.0")
        .Column("Backward", r => r.BackwardMs, "ms", "0")
        .Column("QAT / this", r => r.Speedup, "×", "0.00")
        .Column("Peak memory", r => r.PeakMemoryMb, "MB", "0");

    static Report Report(ResultTable table, List<Row> rows, RunOptions run, int images)
    {
        var report = new Report("EfQAT on ResNet-20, Fashion-MNIST")
            .Lead($"Post-training quantization, then training of the most important blocks only, on {images} images with seed {run.Seed}.")
            .Table(table);
        foreach (var group in rows.Where(row => row.Bits != "FP32").GroupBy(row => row.Bits))
        {
            string[] names = [.. group.Select(row => row.Ratio is { } ratio and < 1 ? string.Create(CultureInfo.InvariantCulture, $"{row.Method} {ratio:0 %}") : row.Method)];
            report.Chart(Chart.Column<double, string, string>(
                    values: [.. group.Select(row => row.Top1)], Keys: names, MarkerColor: Color.fromColors([.. group.Select(row => MethodColors.Of(row.Method))]))
                .WithTitle($"Top-1 at {group.Key}, % (FP32: {rows[0].Top1.ToString("0.00", CultureInfo.InvariantCulture)})"));
        }
        return report.Fact("CPU", Machine.Cpu).Fact("Runtime", Machine.Runtime).Fact("libtorch", torch.__version__).Fact("Date", $"{DateTime.UtcNow:yyyy-MM-dd}");
    }
}
