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

    static readonly string[] Networks = ["resnet20", "resnet32", "resnet44", "resnet56"];

    public static ExampleCommand Create()
    {
        var model = new Option<string>("--model") { Description = $"{string.Join(", ", Networks)}, or a .param file of ncnn", DefaultValueFactory = _ => Networks[0] };
        var data = new Option<string>("--data") { Description = "A data set, or a folder of images; for ncnn a .tar of pictures in CLASS/NAME.JPEG", DefaultValueFactory = _ => "fashion-mnist" };
        var weights = new Option<string?>(EfQatExperiment.Weights) { Description = "Full-precision weights of a ResNet [default: data/checkpoints/DATA-MODEL.safetensors]", HelpName = "FILE" };
        var bits = new Option<int[]>("--bits") { Description = "Widths of weights and activations", DefaultValueFactory = _ => [8, 7, 6, 5], AllowMultipleArgumentsPerToken = true };
        var ablation = new Option<int>("--ablation-bits") { Description = "The width at which each choice is tried; 0: none", DefaultValueFactory = _ => 5 };
        var samples = new Option<int>("--samples") { Description = "Training samples that scales are searched on", DefaultValueFactory = _ => 50 }.AtLeast(1);
        var calibration = new Option<int>("--calibration") { Description = "Training samples for KL thresholds, and for the search with many", DefaultValueFactory = _ => 1000 }.AtLeast(1);
        var seeds = new Option<int>("--seeds") { Description = "Seeds 1 to N, which draw the samples", DefaultValueFactory = _ => 3, HelpName = "N" }.AtLeast(1);
        var fromKl = new Option<bool>("--from-kl") { Description = "At every width also the search from KL thresholds: its first sweep fits weights to the activations of the start" };
        var quick = new Option<bool>("--quick") { Description = "INT5 only, no ablations, one seed, 20 samples: a minute" };
        var compare = new Option<bool>("--compare") { Description = "Instead: EasyQuant against EfQAT and QAT that are trained for 1, 2 and 4 times as long (OUT/comparison.jsonl)" };
        var command = new ExampleCommand(
            "easyquant-accuracy", "EasyQuant's accuracy at INT8 to INT5 against KL thresholds, and what each choice is worth; goes on where it was stopped (OUT/cells.jsonl)",
            "efqat reproduce easyquant-accuracy --quick", "efqat reproduce easyquant-accuracy --data cifar10-jpeg --bits 7 --ablation-bits 7 --out runs/cifar10-easyquant",
            "efqat reproduce easyquant-accuracy --model squeezenet_v1.1.param --data imagenet-sample-1000.tar --ablation-bits 0 --from-kl --out runs/squeezenet",
            "efqat reproduce easyquant-accuracy --compare --bits 5")
        {
            model, data, weights, bits, ablation, samples, calibration, seeds, fromKl, quick, compare,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var task = TaskOf(parsed.GetValue(model)!, parsed.GetValue(data)!);
            string folder = run.Out ?? DefaultOut;
            string fp32 = (task, parsed.GetValue(weights)) switch
            {
                (NcnnTask ncnn, null) => ncnn.Weights,
                (NcnnTask ncnn, not null) => throw new UserError($"{EfQatExperiment.Weights}: the weights of a .param file are read from {ncnn.Weights}; leave it out"),
                (_, var file) => file ?? EfQatExperiment.DefaultWeights((ILearningTask)task),
            };
            int most = task is NcnnTask { CalibrationPictures: var pictures } ? pictures : int.MaxValue, many = Math.Min(parsed.GetValue(calibration), most);
            var grid = parsed.GetValue(quick)
                ? new EasyQuantGrid(task, fp32, [5], null, Math.Min(20, most), Math.Min(100, many), 1, parsed.GetValue(fromKl))
                : new(task, fp32, parsed.GetValue(bits)!, parsed.GetValue(ablation) is > 0 and var width ? width : null,
                    Math.Min(parsed.GetValue(samples), most), many, parsed.GetValue(seeds), parsed.GetValue(fromKl));
            if (parsed.GetValue(compare)) Compare(parsed, grid, folder, run, token);
            else Reproduce(parsed, grid, folder, run, token);
            Terminal.Note(parsed, $"{task.Model}, {task.Source}, {grid.Seeds} seeds; {Machine.Line}");
            return CommandLine.Ok;
        });
    }

    static IEvaluationTask TaskOf(string model, string data) =>
        model.EndsWith(".param", StringComparison.Ordinal) ? new NcnnTask(model, data)
        : Networks.Contains(model) ? new ImageTask(model, data)
        : throw new UserError($"--model {model}: EasyQuant's experiment is on convolutions; use {string.Join(", ", Networks)} or a .param file of ncnn");

    static void Reproduce(ParseResult parsed, EasyQuantGrid grid, string folder, RunOptions run, CancellationToken token)
    {
        var store = new CellStore<EasyQuantKey, EasyQuantResult>(Path.Combine(folder, "cells.jsonl"));
        var results = ProgressView.Show(run.Quiet, view => grid.Run(store, run.Device, view, token));
        var rows = EasyQuantReport.Rows(results);
        var table = EasyQuantReport.Table(rows);
        Terminal.Write(parsed, table);
        WholeFile.Write(Path.Combine(folder, "easyquant.svg"), EasyQuantReport.AccuracyByBits(rows, grid).ToSvg());
        Save(parsed, EasyQuantReport.Of(table, rows, results, grid), Path.Combine(folder, "report.html"));
    }

    static void Compare(ParseResult parsed, EasyQuantGrid grid, string folder, RunOptions run, CancellationToken token)
    {
        var task = grid.Task as ILearningTask ?? throw new UserError($"--compare: {grid.Task.Model} has no training samples here; use one of {string.Join(", ", Networks)}");
        var comparison = new EasyQuantComparison(task, grid.Weights, grid.Bits, grid.Samples, grid.Seeds);
        var store = new CellStore<ComparisonKey, ComparisonResult>(Path.Combine(folder, "comparison.jsonl"));
        var rows = EasyQuantComparisonReport.Rows(ProgressView.Show(run.Quiet, view => comparison.Run(store, run.Device, view, token)));
        var table = EasyQuantComparisonReport.Table(rows);
        Terminal.Write(parsed, table);
        foreach (var (width, chart) in EasyQuantComparisonReport.Charts(rows))
            WholeFile.Write(Path.Combine(folder, $"easyquant-time-{width}.svg"), chart.ToSvg());
        Save(parsed, EasyQuantComparisonReport.Of(table, rows, comparison), Path.Combine(folder, "comparison.html"));
    }

    static void Save(ParseResult parsed, Report report, string path)
    {
        report.Save(path);
        Terminal.Note(parsed, $"report: {path}");
    }
}
