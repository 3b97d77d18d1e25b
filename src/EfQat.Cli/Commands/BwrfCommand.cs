using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat reproduce bwrf</c>: low-bit QAT with block replacement, against QAT alone and with distillation.</summary>
static class BwrfCommand
{
    const string DefaultOut = "runs/bwrf";

    /// <summary>One row of the result.</summary>
    /// <param name="Bits">The scheme.</param>
    /// <param name="Method">The variant.</param>
    /// <param name="Images">Trained on.</param>
    /// <param name="Top1">Mean over the seeds in percent.</param>
    /// <param name="Deviation">Standard deviation over the seeds; null for one seed.</param>
    /// <param name="DeltaQat">Points above QAT: the mean over the seeds.</param>
    /// <param name="DeltaFp32">Points above FP32.</param>
    /// <param name="StepRatio">Time of a step over QAT's.</param>
    /// <param name="Agreement">Mean cosine of the gradients behind all blocks with those through the full-precision ones.</param>
    sealed record Row(
        string Bits, string Method, int Images, double Top1, double? Deviation, double? DeltaQat, double DeltaFp32, double? StepRatio, double Agreement);

    public static ExampleCommand Create()
    {
        var bits = new Option<string[]>("--bits") { Description = "Schemes", DefaultValueFactory = _ => ["W4A4,lsq", "W3A3,lsq", "W2A2,lsq"], AllowMultipleArgumentsPerToken = true };
        var weights = new Option<string?>(EfQatExperiment.Weights) { Description = "Full-precision weights [default: data/checkpoints/DATA-MODEL.safetensors]", HelpName = "FILE" };
        var seeds = new Option<int>("--seeds") { Description = "Seeds 1 to N", DefaultValueFactory = _ => 3, HelpName = "N" }.AtLeast(1);
        var images = new Option<int>("--images") { Description = "Training images that each method sees", DefaultValueFactory = _ => 8192 }.AtLeast(1);
        var variants = new Option<string[]>("--variants")
        {
            Description = "Ways to train besides QAT: QAT-KD, BWRF, BWRF-every-block, … [default: all]",
            HelpName = "NAME", AllowMultipleArgumentsPerToken = true,
        };
        var turns = new Option<int>("--turns") { Description = "Timed steps of each method", DefaultValueFactory = _ => 7 }.AtLeast(1);
        var quick = new Option<bool>("--quick") { Description = "W2A2, one seed, 2048 images, and only QAT, QAT + KD and BWRF" };
        var lr = new Option<double?>("--lr") { Description = "Learning rate of weights, biases and norms [default: the task's own]" };
        var scaleLr = new Option<double?>("--scale-lr") { Description = "Learning rate of scales and zero points [default: the task's own]" };
        var command = new ExampleCommand(
            "bwrf", "Low-bit QAT with block replacement on the full-precision partner (BWRF), against QAT and distillation; goes on where it was stopped",
            "efqat reproduce bwrf --quick", "efqat reproduce bwrf --data cifar10 --model resnet32 --bits W2A2,lsq --images 50000 --device cuda",
            "efqat reproduce bwrf --bits W2A2,pact W2A2,dorefa --variants QAT-KD BWRF")
        {
            bits, variants, weights, seeds, images, turns, quick, lr, scaleLr,
        };
        TaskOptions.AddTo(command);
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var task = TaskOptions.Read(parsed);
            string folder = run.Out ?? DefaultOut, fp32File = parsed.GetValue(weights) ?? EfQatExperiment.DefaultWeights(task);
            var defaults = task.Settings.Quantized;
            var training = defaults with { LearningRate = parsed.GetValue(lr) ?? defaults.LearningRate, ScaleLearningRate = parsed.GetValue(scaleLr) ?? defaults.ScaleLearningRate };
            bool isQuick = parsed.GetValue(quick);
            var ways = parsed.GetValue(variants) is { Length: > 0 } names ? BwrfVariant.Named(names)
                : isQuick ? [.. BwrfVariant.All.Take(3)] : BwrfVariant.All;
            var study = isQuick
                ? new BwrfStudy(task, fp32File, [Scheme.Parse("W2A2,lsq")], ways, 1, 2048, training, 3)
                : new(task, fp32File, [.. parsed.GetValue(bits)!.Select(Scheme.Parse)], ways, parsed.GetValue(seeds), parsed.GetValue(images), training, parsed.GetValue(turns));
            var store = new CellStore<BwrfKey, BwrfResult>(Path.Combine(folder, "cells.jsonl"));
            var (ratios, fp32, cells) = ProgressView.Show(run.Quiet, view =>
            {
                var ratios = study.StepRatios(run.Device, view, token);
                double? longer = ratios.TryGetValue(BwrfVariant.Replacement, out double ratio) ? Math.Round(ratio, 1) : null;
                var (fp32, cells) = study.Run(store, longer, run.Device, view, token);
                return (ratios, fp32, cells);
            });
            var table = Table(Rows(cells, fp32, ratios));
            Terminal.Write(parsed, table);
            string settings = $"{task.Model}, {task.Source}, FP32 {fp32:0.00} %, {study.Seeds} seeds, learning rates {training.LearningRate} and {training.ScaleLearningRate} (scales)";
            Terminal.Note(parsed, $"{settings}; {Machine.Line}");
            string report = Path.Combine(folder, "report.html");
            var page = new Report("Block replacement on the full-precision partner")
                .Lead($"{settings}. Mixed-precision networks: the first k blocks are of the low-precision network, the rest of its frozen full-precision "
                    + "partner. Agreement: the mean cosine of a block's gradient through quantized blocks with the one through full-precision blocks, after training.")
                .Table(table);
            foreach (var (scheme, chart) in AgreementCharts(cells)) page.Chart(chart, $"{scheme}, seed 1: how far straight-through gradients can be trusted, block by block.");
            page.OnThisMachine().Save(report);
            Terminal.Note(parsed, $"report: {report}");
            return CommandLine.Ok;
        });
    }

    static IEnumerable<Row> Rows(IReadOnlyList<Cell<BwrfKey, BwrfResult>> cells, double fp32, IReadOnlyDictionary<string, double> ratios)
    {
        foreach (var scheme in cells.GroupBy(cell => cell.Key.Scheme))
        {
            var methods = scheme.GroupBy(cell => cell.Key.Variant).ToList();
            double[] qat = [.. methods[0].Select(cell => cell.Result.Top1)];
            foreach (var method in methods)
            {
                double[] top1 = [.. method.Select(cell => cell.Result.Top1)];
                yield return new(
                    scheme.Key, method.Key, method.First().Key.Images, top1.Average(), Statistics.Deviation(top1),
                    method == methods[0] ? null : top1.Average() - qat.Average(), top1.Average() - fp32,
                    ratios.TryGetValue(method.Key, out double ratio) ? ratio : null, method.Average(cell => cell.Result.Agreement.Average()));
            }
        }
    }

    static ResultTable Table(IEnumerable<Row> rows) => ResultTable.Of(rows)
        .Column("Bits", r => r.Bits)
        .Column("Method", r => r.Method)
        .Column("Images", r => r.Images)
        .Column("Top-1", r => r.Top1, "%", "0.00")
        .Column("±", r => r.Deviation, null, "0.00")
        .Column("Δ QAT", r => r.DeltaQat, null, "+0.00;-0.00;0.00")
        .Column("Δ FP32", r => r.DeltaFp32, null, "+0.00;-0.00;0.00")
        .Column("Step / QAT", r => r.StepRatio, "×", "0.00")
        .Column("Agreement", r => r.Agreement, null, "0.00");

    static IEnumerable<(string Scheme, GenericChart Chart)> AgreementCharts(IEnumerable<Cell<BwrfKey, BwrfResult>> cells) =>
        cells.Where(cell => cell.Key.Seed == 1 && cell.Key.Variant is BwrfVariant.Qat or "QAT + KD" or BwrfVariant.Replacement).GroupBy(cell => cell.Key.Scheme).Select(scheme =>
            (scheme.Key, Chart.Combine(scheme.Select(cell => Chart.Line<int, double, string>(
                x: Enumerable.Range(0, cell.Result.Agreement.Count), y: cell.Result.Agreement, ShowMarkers: true, Name: cell.Key.Variant,
                LineDash: cell.Key.Variant == "QAT + KD" ? StyleParam.DrawingStyle.Dash : null,
                LineColor: MethodColors.Of(cell.Key.Variant), MarkerColor: MethodColors.Of(cell.Key.Variant))))
                .WithTitle("Gradients through quantized blocks against full-precision ones")
                .WithXAxisStyle<double, double, string>("Block (0: stem)").WithYAxisStyle<double, double, string>("cos(g_Q, g_F)")));
}
