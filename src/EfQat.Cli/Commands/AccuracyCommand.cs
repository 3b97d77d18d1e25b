using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Quantization;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat reproduce efqat-accuracy</c>: EfQAT's accuracy for every mode, ratio and bit width, over several seeds.</summary>
static class AccuracyCommand
{
    const string DefaultOut = "runs/efqat-accuracy";

    public static ExampleCommand Create()
    {
        var weights = new Option<string?>(EfQatExperiment.Weights) { Description = "Full-precision weights [default: data/checkpoints/DATA-MODEL.safetensors]", HelpName = "FILE" };
        var bits = new Option<string[]>("--bits") { Description = "Schemes", DefaultValueFactory = _ => ["W8A8", "W4A8", "W4A4", "W3A3", "W2A2"], AllowMultipleArgumentsPerToken = true };
        var ratios = new Option<double[]>("--ratios") { Description = "Shares of blocks to update; 0 and 1 are always run", DefaultValueFactory = _ => [0.05, 0.1, 0.25, 0.5], AllowMultipleArgumentsPerToken = true };
        var seeds = new Option<int>("--seeds") { Description = "Seeds 1 to N", DefaultValueFactory = _ => 3, HelpName = "N" }.AtLeast(1);
        var images = new Option<int>("--images") { Description = "Training samples that each method sees", DefaultValueFactory = _ => 8192 }.AtLeast(1);
        var quick = new Option<bool>("--quick") { Description = "W4A4, ratio 0.1, one seed, 1024 samples: two minutes" };
        var lr = new Option<double?>("--lr") { Description = "Learning rate of weights, biases and norms [default: 0.01, with --quick 0.001; for bert-* 0.0003]" };
        var scaleLr = new Option<double?>("--scale-lr") { Description = "Learning rate of scales and zero points [default: 0.03, for bert-* 0.01]" };
        var normBatches = QuantizedOptions.BatchNormBatches();
        var command = new ExampleCommand(
            "efqat-accuracy", $"EfQAT's accuracy grid: modes, ratios, bit widths, seeds; goes on where it was stopped (OUT/cells.jsonl)",
            "efqat reproduce efqat-accuracy --quick", "efqat reproduce efqat-accuracy --data cifar10 --bits W4A8 W4A4 --seeds 5 --out runs/cifar10-grid",
            "efqat reproduce efqat-accuracy --model bert-small --vocab vocab.txt --fp32 runs/fp32/sst2-bert-small.safetensors --out runs/sst2-grid")
        {
            weights, bits, ratios, seeds, images, quick, lr, scaleLr, normBatches,
        };
        TaskOptions.AddTo(command);
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var task = TaskOptions.Read(parsed);
            string folder = run.Out ?? DefaultOut, fp32 = parsed.GetValue(weights) ?? EfQatExperiment.DefaultWeights(task);
            var (isQuick, defaults) = (parsed.GetValue(quick), task.Settings.Quantized);
            var training = defaults with
            {
                LearningRate = parsed.GetValue(lr) ?? (isQuick ? task.Settings.QuickLearningRate : defaults.LearningRate),
                ScaleLearningRate = parsed.GetValue(scaleLr) ?? defaults.ScaleLearningRate, BatchNormBatches = parsed.GetValue(normBatches),
            };
            var grid = isQuick
                ? new AccuracyGrid(task, fp32, [Scheme.Parse("W4A4")], [0.1], 1, 1024, training)
                : new(task, fp32, [.. parsed.GetValue(bits)!.Select(Scheme.Parse)], parsed.GetValue(ratios)!, parsed.GetValue(seeds), parsed.GetValue(images), training);
            var store = new CellStore<AccuracyKey, Accuracy>(Path.Combine(folder, "cells.jsonl"));
            var cells = ProgressView.Show(run.Quiet, view => grid.Run(store, run.Device, view, token));
            var rows = AccuracyReport.Rows(cells);
            var table = AccuracyReport.Table(rows);
            Terminal.Write(parsed, table);
            Terminal.Note(parsed, $"{task.Model}, {task.Source}, {grid.Samples} samples a method, {grid.Seeds} seeds; {Machine.Line}");
            string report = Path.Combine(folder, "report.html");
            AccuracyReport.Of(table, rows, grid).Save(report);
            foreach (var (scheme, chart) in AccuracyReport.Charts(rows))
                WholeFile.Write(Path.Combine(folder, $"accuracy-{scheme}.svg"), chart.ToSvg());
            Terminal.Note(parsed, $"report: {report}");
            return CommandLine.Ok;
        });
    }
}
