using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat reproduce efqat-ablations</c>: what each choice in EfQAT is worth.</summary>
static class AblationCommand
{
    const string DefaultOut = "runs/efqat-ablations";

    /// <summary>One row of the result.</summary>
    /// <param name="Question">What was changed.</param>
    /// <param name="Variant">To what; the first of each question is ours.</param>
    /// <param name="Top1">Mean over the seeds in percent.</param>
    /// <param name="Deviation">Standard deviation over the seeds; null for one seed.</param>
    /// <param name="Difference">From the first variant, in points: the mean over the seeds of the difference with the same seed.</param>
    /// <param name="DifferenceDeviation">Its standard deviation; null for one seed.</param>
    /// <param name="WeightsUpdated">Share of all weights in percent: blocks differ in size.</param>
    sealed record Row(
        string Question, string Variant, double Top1, double? Deviation, double? Difference, double? DifferenceDeviation, double WeightsUpdated);

    public static ExampleCommand Create()
    {
        var data = new Option<string>("--data") { Description = "A name that 'efqat data list' shows, or a folder of images", DefaultValueFactory = _ => "fashion-mnist" };
        var weights = new Option<string?>(EfQatExperiment.Weights) { Description = "Full-precision ResNet-20 weights [default: data/checkpoints/DATA-resnet20.safetensors]", HelpName = "FILE" };
        var bits = new Option<string>("--bits") { Description = "The scheme", DefaultValueFactory = _ => "W4A4" };
        var mode = new Option<string>("--mode") { Description = "CWPL, CWPN or LWPN", DefaultValueFactory = _ => "CWPN" };
        var ratio = new Option<double>("--ratio") { Description = "Share of blocks to update", DefaultValueFactory = _ => 0.1 };
        var seeds = new Option<int>("--seeds") { Description = "Seeds 1 to N", DefaultValueFactory = _ => 3, HelpName = "N" }.AtLeast(1);
        var images = new Option<int>("--images") { Description = "Training images that each variant sees", DefaultValueFactory = _ => 8192 }.AtLeast(1);
        var command = new ExampleCommand(
            "efqat-ablations", "What each choice in EfQAT is worth: metric, frequency, what is trained, learning rates; goes on where it was stopped",
            $"efqat reproduce efqat-ablations --out {DefaultOut}", "efqat reproduce efqat-ablations --mode LWPN --ratio 0.25 --seeds 5")
        {
            data, weights, bits, mode, ratio, seeds, images,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            string source = parsed.GetValue(data)!, folder = run.Out ?? DefaultOut;
            var task = new ImageTask("resnet20", source);
            var study = new AblationStudy(
                task, parsed.GetValue(weights) ?? EfQatExperiment.DefaultWeights(task), Scheme.Parse(parsed.GetValue(bits)!), parsed.GetValue(seeds), parsed.GetValue(images),
                task.Settings.Quantized with { Mode = FreezingModes.Parse(parsed.GetValue(mode)!), Ratio = parsed.GetValue(ratio) });
            var store = new CellStore<AblationKey, Accuracy>(Path.Combine(folder, "cells.jsonl"));
            var results = ProgressView.Show(run.Quiet, view => study.Run(store, run.Device, view, token));
            var table = ResultTable.Of(results.GroupBy(result => result.Ablation.Question).SelectMany(question => Rows([.. question])))
                .Column("Question", r => r.Question)
                .Column("Variant", r => r.Variant)
                .Column("Top-1", r => r.Top1, "%", "0.00")
                .Column("±", r => r.Deviation, null, "0.00")
                .Column("Δ ours", r => r.Difference, null, "+0.00;-0.00;0.00")
                .Column("± of Δ", r => r.DifferenceDeviation, null, "0.00")
                .Column("Weights", r => r.WeightsUpdated, "%", "0.0");
            Terminal.Write(parsed, table);
            string settings = $"{source}, {study.Scheme}, {study.Ours.Mode.ShortName()} at {study.Ours.Ratio:0 %}, {study.Images} images a variant, {study.Seeds} seeds";
            Terminal.Note(parsed, $"{settings}; {Machine.Line}");
            string report = Path.Combine(folder, "report.html");
            new Report("What each choice in EfQAT is worth").Lead($"ResNet-20 on {settings}. One setting changes at a time; the first variant of each question is ours.")
                .Table(table).OnThisMachine().Save(report);
            Terminal.Note(parsed, $"report: {report}");
            return CommandLine.Ok;
        });
    }

    static IEnumerable<Row> Rows(IReadOnlyList<(Ablation Ablation, Accuracy[] Seeds)> variants)
    {
        var ours = variants[0].Seeds;
        foreach (var (ablation, seeds) in variants)
        {
            double[] top1 = [.. seeds.Select(seed => seed.Top1)];
            double[] differences = [.. seeds.Zip(ours, (variant, reference) => variant.Top1 - reference.Top1)];
            bool isOurs = ReferenceEquals(seeds, ours);
            yield return new(
                ablation.Question, ablation.Variant, top1.Average(), Statistics.Deviation(top1), isOurs ? null : differences.Average(),
                isOurs ? null : Statistics.Deviation(differences), seeds.Average(seed => seed.WeightsUpdated));
        }
    }
}
