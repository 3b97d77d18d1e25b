using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>What a cell of the grid is.</summary>
/// <param name="Data">The data set.</param>
/// <param name="Weights">The first digits of the full-precision file's sha256.</param>
/// <param name="Scheme">FP32 or bits.</param>
/// <param name="Method">FP32, PTQ, EfQAT's mode, QAT; at ratio 0 all modes are one: EfQAT.</param>
/// <param name="Ratio">Share of blocks updated; null without training.</param>
/// <param name="Seed">Draws samples for training and calibration, and their order.</param>
/// <param name="Images">Samples that are trained on.</param>
/// <param name="LearningRate">Of weights, biases and norms.</param>
/// <param name="ScaleLearningRate">Of scales and zero points.</param>
/// <param name="BatchNormBatches">Over which BatchNorm's statistics are averaged anew after training.</param>
sealed record AccuracyKey(
    string Data, string Weights, string Scheme, string Method, double? Ratio, long Seed, int Images, double LearningRate, double ScaleLearningRate,
    int BatchNormBatches = 0);

/// <summary>What came of it.</summary>
/// <param name="Top1">On all test samples, in percent.</param>
/// <param name="WeightsUpdated">Share of all weights in percent.</param>
sealed record Accuracy(double Top1, double WeightsUpdated);

/// <summary>The cells to run.</summary>
/// <param name="Task">The network and its data.</param>
/// <param name="Weights">The full-precision file.</param>
/// <param name="Schemes">Bits.</param>
/// <param name="Ratios">Shares of blocks to update between 0 and 1, which are always run.</param>
/// <param name="Seeds">How many, from 1 on.</param>
/// <param name="Samples">Of training, that a method sees.</param>
/// <param name="Training">Learning rates, and what follows training.</param>
sealed record AccuracyGrid(
    ILearningTask Task, string Weights, IReadOnlyList<Scheme> Schemes, IReadOnlyList<double> Ratios, int Seeds, int Samples, EfQatOptions Training)
{
    /// <summary>Runs what the store lacks, and returns all cells of this grid, FP32 first.</summary>
    public List<Cell<AccuracyKey, Accuracy>> Run(CellStore<AccuracyKey, Accuracy> store, Device device, IProgressView view, CancellationToken token)
    {
        string digest = EfQatExperiment.Digest(Task, Weights);
        var keys = (
            from seed in Enumerable.Range(1, Seeds)
            from scheme in Schemes
            from method in Methods()
            select (Scheme: scheme, method.Mode, Key: new AccuracyKey(
                Task.Source, digest, $"{scheme}", method.Name, method.Ratio, seed, Samples, Training.LearningRate, Training.ScaleLearningRate,
                method.Ratio is null ? 0 : Training.BatchNormBatches))).ToList();
        int missing = keys.Count(cell => !store.Has(cell.Key)), ran = 0;
        if (missing < keys.Count) view.Line($"{keys.Count - missing} of {keys.Count} cells are there already");

        var experiments = EfQatExperiment.BySeed(Task, Weights, Samples, Seeds, device);
        List<Cell<AccuracyKey, Accuracy>> cells = [];
        void Get(AccuracyKey key, Lazy<EfQatExperiment> experiment, Func<EfQatExperiment, Accuracy> run)
        {
            bool isNew = !store.Has(key);
            var on = isNew ? experiment.Value : null;
            using var scope = NewDisposeScope();
            cells.Add(store.Get(key, () => run(on!)));
            if (isNew) view.Line(string.Create(CultureInfo.InvariantCulture, $"{key.Scheme} {key.Method} {key.Ratio:0 %} seed {key.Seed}: top-1 {cells[^1].Result.Top1:0.00} %"));
        }

        Get(new(Task.Source, digest, "FP32", "FP32", null, 0, 0, 0, 0), experiments[0], on => new(on.Top1(on.Fp32(), token), 0));
        foreach (var (scheme, mode, key) in keys)
            Get(key, experiments[key.Seed - 1], on =>
            {
                using var model = on.Ptq(scheme);
                if (key.Ratio is not { } ratio) return new(on.Top1(model, token), 0);
                var progress = new TrainingProgress(view, $"{++ran}/{missing} {scheme} {key.Method} seed {key.Seed}: ");
                using var method = on.Train(model, Training with { Mode = mode, Ratio = ratio }, progress, token);
                return new(method.Top1, 100 * method.Rule.Schedule.UpdatedShare);
            });
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
