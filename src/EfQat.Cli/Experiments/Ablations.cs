using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>What a cell of the ablations is.</summary>
/// <param name="Data">The data set.</param>
/// <param name="Weights">The first digits of the full-precision file's sha256.</param>
/// <param name="Scheme">Bits.</param>
/// <param name="Seed">Draws images and their order.</param>
/// <param name="Images">That are trained on.</param>
/// <param name="Options">All of EfQAT's settings.</param>
sealed record AblationKey(string Data, string Weights, string Scheme, long Seed, int Images, EfQatOptions Options);

/// <summary>One change of one setting, everything else as it was.</summary>
/// <param name="Question">What it asks.</param>
/// <param name="Variant">Its answer.</param>
/// <param name="Options">The settings.</param>
sealed record Ablation(string Question, string Variant, EfQatOptions Options)
{
    /// <summary>The questions that EfQAT's readers ask. The first variant of each is what we use.</summary>
    public static IReadOnlyList<Ablation> All(EfQatOptions ours) =>
    [
        .. Of("Which blocks?",
        [
            ("mean |w| (the paper's)", ours), ("mean |∂L/∂w|", ours with { Metric = ImportanceMetric.Gradient }),
            ("mean |w · ∂L/∂w|", ours with { Metric = ImportanceMetric.MagnitudeTimesGradient }),
            ("random", ours with { Metric = ImportanceMetric.Random }), ("least mean |w|", ours with { Metric = ImportanceMetric.LeastMagnitude }),
        ]),
        .. Of("How often chosen anew?",
        [
            ("every 4096 images", ours), ("every 512", ours with { Frequency = 512 }), ("every 1024", ours with { Frequency = 1024 }),
            ("once", ours with { Frequency = long.MaxValue }),
        ]),
        .. Of("What besides the blocks?",
        [
            ("scales, biases, norms", ours), ("without weight scales", ours with { TrainWeightScales = false }),
            ("without activation scales", ours with { TrainActivationScales = false }), ("without biases and norms", ours with { TrainBiasesAndNorms = false }),
            ("the blocks alone", ours with { TrainWeightScales = false, TrainActivationScales = false, TrainBiasesAndNorms = false }),
        ]),
        .. Of("Which learning rate?", [.. Rates(ours.LearningRate, 1e-3, 3e-3, 3e-2).Select(rate => (Text(rate), ours with { LearningRate = rate }))]),
        .. Of("Which for scales?", [.. Rates(ours.ScaleLearningRate, 1e-3, 1e-2, 1e-1).Select(rate => (Text(rate), ours with { ScaleLearningRate = rate }))]),
        .. Of("Which BatchNorm statistics?",
        [
            ("training's running averages", ours), ("anew, over 32 batches", ours with { BatchNormBatches = 32 }),
        ]),
    ];

    static IEnumerable<Ablation> Of(string question, IEnumerable<(string Variant, EfQatOptions Options)> variants) =>
        variants.Select(variant => new Ablation(question, variant.Variant, variant.Options));

    static IEnumerable<double> Rates(params double[] rates) => rates.Distinct();

    static string Text(double rate) => rate.ToString("0.###", CultureInfo.InvariantCulture);
}

/// <summary>The ablations on one network.</summary>
/// <param name="Task">The network and its data.</param>
/// <param name="Weights">The full-precision file.</param>
/// <param name="Scheme">Bits.</param>
/// <param name="Seeds">How many, from 1 on.</param>
/// <param name="Images">Training images that a method sees.</param>
/// <param name="Ours">What every variant changes one thing of.</param>
sealed record AblationStudy(ILearningTask Task, string Weights, Scheme Scheme, int Seeds, int Images, EfQatOptions Ours)
{
    /// <summary>Runs what the store lacks; the result of every seed for every variant.</summary>
    public List<(Ablation Ablation, Accuracy[] Seeds)> Run(CellStore<AblationKey, Accuracy> store, Device device, IProgressView view, CancellationToken token)
    {
        string digest = EfQatExperiment.Digest(Task, Weights);
        var experiments = EfQatExperiment.BySeed(Task, Weights, Images, Seeds, device);
        AblationKey Key(Ablation ablation, int seed) => new(Task.Source, digest, $"{Scheme}", seed, Images, ablation.Options);
        var all = Ablation.All(Ours);
        var missing = all.SelectMany(ablation => Enumerable.Range(1, Seeds).Select(seed => Key(ablation, seed))).Where(key => !store.Has(key)).ToHashSet();
        int ran = 0;
        foreach (int seed in Enumerable.Range(1, Seeds))
            foreach (var ablation in all)
            {
                var key = Key(ablation, seed);
                if (store.Has(key)) continue;
                var on = experiments[seed - 1].Value;
                using var scope = NewDisposeScope();
                store.Get(key, () =>
                {
                    using var model = on.Ptq(Scheme);
                    var progress = new TrainingProgress(view, $"{++ran}/{missing.Count} {ablation.Question} {ablation.Variant}, seed {seed}: ");
                    using var method = on.Train(model, ablation.Options, progress, token);
                    return new(method.Top1, 100 * method.Rule.Schedule.UpdatedShare);
                });
            }
        return [.. all.Select(ablation => (ablation, Enumerable.Range(1, Seeds).Select(seed => store[Key(ablation, seed)].Result).ToArray()))];
    }
}
