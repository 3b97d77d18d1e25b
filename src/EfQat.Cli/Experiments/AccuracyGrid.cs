using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Diagnosis;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>What a cell of the grid is; two cells with the same key have the same result.</summary>
/// <param name="Data">The data set.</param>
/// <param name="Weights">The first digits of the full-precision file's sha256.</param>
/// <param name="Scheme">FP32 or bits.</param>
/// <param name="Method">FP32, PTQ, EfQAT's mode, QAT; at ratio 0 all modes are one: EfQAT.</param>
/// <param name="Ratio">Share of blocks updated; null without training.</param>
/// <param name="Seed">Draws images for training and calibration, and their order.</param>
/// <param name="Images">That are trained on.</param>
/// <param name="LearningRate">Of weights, biases and norms.</param>
/// <param name="ScaleLearningRate">Of scales and zero points.</param>
sealed record AccuracyKey(
    string Data, string Weights, string Scheme, string Method, double? Ratio, long Seed, int Images, double LearningRate, double ScaleLearningRate);

/// <summary>A cell's result.</summary>
/// <param name="Key">What was run.</param>
/// <param name="Top1">On all test images, in percent.</param>
/// <param name="WeightsUpdated">Share of all weights in percent.</param>
/// <param name="Seconds">Training and evaluation.</param>
/// <param name="Machine">Processor, libtorch, threads, date.</param>
sealed record AccuracyCell(AccuracyKey Key, double Top1, double? WeightsUpdated, double Seconds, string Machine);

/// <summary>The cells to run.</summary>
/// <param name="Data">As 'efqat data list' names it, or a folder.</param>
/// <param name="Weights">The full-precision file.</param>
/// <param name="Schemes">Bits.</param>
/// <param name="Ratios">Shares of blocks to update between 0 and 1, which are always run.</param>
/// <param name="Seeds">How many, from 1 on.</param>
/// <param name="Images">Training images that a method sees.</param>
/// <param name="Training">Learning rates.</param>
sealed record AccuracyGrid(
    string Data, string Weights, IReadOnlyList<Scheme> Schemes, IReadOnlyList<double> Ratios, int Seeds, int Images, EfQatOptions Training)
{
    /// <summary>Runs what the store lacks, and returns all cells of this grid.</summary>
    public List<AccuracyCell> Run(CellStore<AccuracyCell> store, Device device, IProgressView view, CancellationToken token)
    {
        if (!File.Exists(Weights)) throw EfQatExperiment.Missing(Weights);
        string sha = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Weights)))[..12];
        AccuracyKey Key(string scheme, string method, double? ratio, long seed, int images) =>
            new(Data, sha, scheme, method, ratio, seed, images, Training.LearningRate, Training.ScaleLearningRate);

        var keys = Enumerable.Range(1, Seeds).SelectMany(seed => Schemes.SelectMany(scheme =>
            Methods().Select(method => (Scheme: scheme, method.Mode, Key: Key($"{scheme}", method.Name, method.Ratio, seed, Images))))).ToList();
        var fp32 = Key("FP32", "FP32", null, 0, 0);
        var done = store.Cells.DistinctBy(cell => cell.Key).ToDictionary(cell => cell.Key);
        int missing = keys.Count(cell => !done.ContainsKey(cell.Key)), ran = 0;
        if (missing < keys.Count) view.Line($"{keys.Count - missing} of {keys.Count} cells are there already");

        Lazy<(ImageDataset, ImageDataset)> images = new(() => (DatasetCatalog.Load(Data, "train"), DatasetCatalog.Load(Data, "test")));
        Lazy<EfQatExperiment> Experiment(long seed) => new(() => new(images.Value, Weights, Images, seed, device));

        AccuracyCell Keep(AccuracyKey key, Lazy<EfQatExperiment> lazy, Func<EfQatExperiment, (double Top1, double? Updated)> run)
        {
            if (done.TryGetValue(key, out var cell)) return cell;
            var experiment = lazy.Value;
            using var scope = NewDisposeScope();
            var clock = Stopwatch.StartNew();
            var (top1, updated) = run(experiment);
            cell = new(key, top1, updated, clock.Elapsed.TotalSeconds, Machine.Line);
            store.Add(cell);
            view.Line(string.Create(CultureInfo.InvariantCulture, $"{key.Scheme} {key.Method} {key.Ratio:0 %} seed {key.Seed}: top-1 {top1:0.00} %"));
            return cell;
        }

        List<AccuracyCell> cells = [Keep(fp32, Experiment(1), on => (on.Top1(on.Fp32(), token), null))];
        foreach (var bySeed in keys.GroupBy(cell => cell.Key.Seed))
        {
            var experiment = Experiment(bySeed.Key);
            foreach (var (scheme, mode, key) in bySeed)
                cells.Add(Keep(key, experiment, on =>
                {
                    using var model = on.Ptq(scheme);
                    if (key.Ratio is not { } ratio) return (on.Top1(model, token), 0);
                    var progress = new TrainingProgress(view, $"{++ran}/{missing} {scheme} {key.Method} seed {key.Seed}: ");
                    using var method = on.Train(model, Training with { Mode = mode, Ratio = ratio }, progress, token);
                    return (method.Top1, 100 * method.Rule.Schedule.UpdatedShare);
                }));
        }
        return cells;
    }

    IEnumerable<(string Name, FreezingMode Mode, double? Ratio)> Methods()
    {
        yield return ("PTQ", default, null);
        yield return ("EfQAT", default, 0);
        foreach (var mode in Enum.GetValues<FreezingMode>())
            foreach (double ratio in Ratios)
                yield return ($"EfQAT-{mode.ShortName()}", mode, ratio);
        yield return ("QAT", default, 1);
    }
}
