using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat reproduce easyquant-accuracy</c>: what a search of the scales gives back, at every width.</summary>
static class EasyQuantCommand
{
    const string DefaultOut = "runs/easyquant-accuracy";

    public static ExampleCommand Create()
    {
        var weights = new Option<string?>(EfQatExperiment.Weights) { Description = "Full-precision weights [default: data/checkpoints/DATA-MODEL.safetensors]", HelpName = "FILE" };
        var bits = new Option<int[]>("--bits") { Description = "Widths of weights and activations", DefaultValueFactory = _ => [8, 7, 6, 5], AllowMultipleArgumentsPerToken = true };
        var ablation = new Option<int>("--ablation-bits") { Description = "The width at which each choice is tried; 0: none", DefaultValueFactory = _ => 5 };
        var samples = new Option<int>("--samples") { Description = "Training samples that scales are searched on", DefaultValueFactory = _ => 50 }.AtLeast(1);
        var calibration = new Option<int>("--calibration") { Description = "Training samples for KL thresholds, and for the search with many", DefaultValueFactory = _ => 1000 }.AtLeast(1);
        var seeds = new Option<int>("--seeds") { Description = "Seeds 1 to N, which draw the samples", DefaultValueFactory = _ => 3, HelpName = "N" }.AtLeast(1);
        var quick = new Option<bool>("--quick") { Description = "INT5 only, no ablations, one seed, 20 samples: a minute" };
        var command = new ExampleCommand(
            "easyquant-accuracy", "EasyQuant's accuracy at INT8 to INT5 against KL thresholds, and what each choice is worth; goes on where it was stopped (OUT/cells.jsonl)",
            "efqat reproduce easyquant-accuracy --quick", "efqat reproduce easyquant-accuracy --data cifar10-jpeg --bits 7 --ablation-bits 7 --out runs/cifar10-easyquant")
        {
            weights, bits, ablation, samples, calibration, seeds, quick,
        };
        TaskOptions.AddTo(command);
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var task = TaskOptions.Read(parsed);
            if (task is not ImageTask) throw new UserError($"--model {task.Model}: EasyQuant's experiment is on convolutions; use resnet20, resnet32, resnet44 or resnet56");
            string folder = run.Out ?? DefaultOut, fp32 = parsed.GetValue(weights) ?? EfQatExperiment.DefaultWeights(task);
            var grid = parsed.GetValue(quick)
                ? new EasyQuantGrid(task, fp32, [5], null, 20, 100, 1)
                : new(task, fp32, parsed.GetValue(bits)!, parsed.GetValue(ablation) is > 0 and var width ? width : null,
                    parsed.GetValue(samples), parsed.GetValue(calibration), parsed.GetValue(seeds));
            var store = new CellStore<EasyQuantKey, EasyQuantResult>(Path.Combine(folder, "cells.jsonl"));
            var results = ProgressView.Show(run.Quiet, view => grid.Run(store, run.Device, view, token));
            var rows = EasyQuantReport.Rows(results);
            var table = EasyQuantReport.Table(rows);
            Terminal.Write(parsed, table);
            Terminal.Note(parsed, $"{task.Model}, {task.Source}, {grid.Seeds} seeds; {Machine.Line}");
            string report = Path.Combine(folder, "report.html");
            EasyQuantReport.Of(table, rows, results, grid).Save(report);
            WholeFile.Write(Path.Combine(folder, "easyquant.svg"), EasyQuantReport.AccuracyByBits(rows, grid).ToSvg());
            Terminal.Note(parsed, $"report: {report}");
            return CommandLine.Ok;
        });
    }
}
