using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Distillation;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>What a cell of the comparison is.</summary>
/// <param name="Data">The data set.</param>
/// <param name="Weights">The first digits of the full-precision file's sha256.</param>
/// <param name="Scheme">Bits, and how scales start.</param>
/// <param name="Variant">The objective.</param>
/// <param name="Seed">Draws samples, their order, and the blocks.</param>
/// <param name="Images">That are trained on.</param>
/// <param name="LearningRate">Of weights, biases and norms.</param>
/// <param name="ScaleLearningRate">Of scales and zero points.</param>
sealed record BwrfKey(
    string Data, string Weights, string Scheme, string Variant, long Seed, int Images, double LearningRate, double ScaleLearningRate);

/// <summary>What came of it.</summary>
/// <param name="Top1">On all test images, in percent.</param>
/// <param name="Agreement">cos(g_Q, g_F) behind every block: <see cref="GradientAgreement"/>.</param>
sealed record BwrfResult(double Top1, IReadOnlyList<double> Agreement);

/// <summary>A way to train a low-precision network.</summary>
/// <param name="Name">For readers.</param>
/// <param name="Objective">What it minimizes, given the full-precision partner and a seed.</param>
/// <param name="Ratio">Share of blocks updated; 1 is QAT.</param>
sealed record BwrfVariant(string Name, Func<Partner, long, IObjective> Objective, double Ratio = 1)
{
    public const string Qat = "QAT", Replacement = "BWRF", LongerQat = "QAT, as long as BWRF";

    /// <summary>QAT alone and with distillation; block replacement as we take it to be, and one change at a time.</summary>
    public static readonly IReadOnlyList<BwrfVariant> All =
    [
        new(Qat, (_, _) => new CrossEntropy()),
        new("QAT + KD", (partner, _) => new KnowledgeDistillation(partner)),
        Bwrf(Replacement, options => options),
        Bwrf("BWRF, every block", options => options with { EveryBlock = true }),
        Bwrf("BWRF, single block", options => options with { Form = ReplacementForm.Single }),
        Bwrf("BWRF, without KL(F‖Q)", options => options with { Distillation = 0 }),
        Bwrf("BWRF, batch statistics", options => options with { BatchStatistics = true }),
        Bwrf("BWRF + EfQAT-CWPN 25 %", options => options) with { Ratio = 0.25 },
    ];

    /// <summary>QAT and the variants of these names, of which letters and digits count: "bwrf-every-block".</summary>
    /// <exception cref="UserError">There is no such variant.</exception>
    public static IReadOnlyList<BwrfVariant> Named(IEnumerable<string> names)
    {
        var wanted = names.ToDictionary(Plain);
        if (wanted.FirstOrDefault(name => !All.Any(variant => Plain(variant.Name) == name.Key)).Value is { } unknown)
            throw new UserError($"--variants '{unknown}': there is no such variant; use {string.Join(", ", All.Select(variant => $"'{variant.Name}'"))}");
        return [.. All.Where(variant => variant.Name == Qat || wanted.ContainsKey(Plain(variant.Name)))];
    }

    static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    static BwrfVariant Bwrf(string name, Func<BlockReplacementOptions, BlockReplacementOptions> change) =>
        new(name, (partner, seed) => new BlockReplacement(partner, change(new() { Seed = seed })));
}

/// <summary>The comparison: equal samples for all, and QAT once more for as long as BWRF takes, where that is among them.</summary>
/// <param name="Task">The network and its data.</param>
/// <param name="Weights">The full-precision file.</param>
/// <param name="Schemes">Bits.</param>
/// <param name="Variants">The first is QAT.</param>
/// <param name="Seeds">How many, from 1 on.</param>
/// <param name="Samples">Of training, that a method sees.</param>
/// <param name="Training">Learning rates.</param>
/// <param name="Turns">Timed steps of each variant.</param>
sealed record BwrfStudy(
    ILearningTask Task, string Weights, IReadOnlyList<Scheme> Schemes, IReadOnlyList<BwrfVariant> Variants, int Seeds, int Samples, EfQatOptions Training, int Turns)
{
    const int AgreementImages = 32;

    /// <summary>A variant's time over QAT's: steps taking turns, the median of the ratios.</summary>
    public IReadOnlyDictionary<string, double> StepRatios(Device device, IProgressView view, CancellationToken token)
    {
        using var scope = NewDisposeScope();
        var experiment = new EfQatExperiment(Task, Weights, Samples, 1, device);
        var batch = experiment.FirstBatch();
        var timed = Variants.Select(variant =>
        {
            var model = experiment.Ptq(Schemes[0]);
            var rule = new EfQatUpdate(model, Training with { Ratio = variant.Ratio });
            return (Model: model, Rule: rule, Timer: new StepTimer(model, rule, batch, variant.Objective(new(experiment.Fp32()), 1)), Times: new List<double>());
        }).ToList();
        for (int turn = -1; turn < Turns; turn++)
            foreach (var one in timed)
            {
                token.ThrowIfCancellationRequested();
                view.Update((turn + 1.0) / (Turns + 1), turn < 0 ? "warming up" : $"timing, turn {turn + 1} of {Turns}");
                double time = one.Timer.Step().Total;
                if (turn >= 0) one.Times.Add(time);
            }
        foreach (var one in timed)
        {
            one.Rule.Dispose();
            one.Model.Dispose();
        }
        return Variants.Zip(timed).ToDictionary(pair => pair.First.Name, pair => Statistics.MedianRatio(pair.Second.Times, timed[0].Times));
    }

    /// <summary>Runs what the store lacks; FP32's top-1, and every cell.</summary>
    /// <param name="store">Of this comparison.</param>
    /// <param name="longer">How many times QAT's samples QAT has time for while BWRF trains; null without BWRF.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="view">Shows how far it is.</param>
    /// <param name="token">Stops it; what is done stays.</param>
    public (double Fp32, List<Cell<BwrfKey, BwrfResult>> Cells) Run(
        CellStore<BwrfKey, BwrfResult> store, double? longer, Device device, IProgressView view, CancellationToken token)
    {
        string digest = EfQatExperiment.Digest(Task, Weights);
        BwrfKey Key(string scheme, string variant, long seed, int samples) =>
            new(Task.Source, digest, scheme, variant, seed, samples, Training.LearningRate, Training.ScaleLearningRate);
        var plan = (
            from seed in Enumerable.Range(1, Seeds)
            from scheme in Schemes
            from variant in longer is null ? Variants : Variants.Append(Variants[0] with { Name = BwrfVariant.LongerQat })
            let samples = variant.Name == BwrfVariant.LongerQat ? (int)(Samples * longer!) : Samples
            select (Scheme: scheme, Variant: variant, Samples: samples, Key: Key($"{scheme}", variant.Name, seed, samples))).ToList();
        int missing = plan.Count(cell => !store.Has(cell.Key)), ran = 0;
        if (missing < plan.Count) view.Line($"{plan.Count - missing} of {plan.Count} cells are there already");

        var fp32Key = Key("FP32", "FP32", 0, 0);
        double fp32 = store.Get(fp32Key, () =>
        {
            using var scope = NewDisposeScope();
            var experiment = new EfQatExperiment(Task, Weights, Samples, 1, device);
            return new(experiment.Top1(experiment.Fp32(), token), []);
        }).Result.Top1;
        return (fp32, [.. plan.Select(cell =>
        {
            bool isNew = !store.Has(cell.Key);
            var done = store.Get(cell.Key, () => Train(cell.Scheme, cell.Variant, cell.Key, device, new(view, $"{++ran}/{missing} {cell.Scheme} {cell.Variant.Name} seed {cell.Key.Seed}: "), token));
            if (isNew) view.Line(string.Create(CultureInfo.InvariantCulture, $"{cell.Scheme} {cell.Variant.Name} seed {cell.Key.Seed}: top-1 {done.Result.Top1:0.00} %"));
            return done;
        })]);
    }

    BwrfResult Train(Scheme scheme, BwrfVariant variant, BwrfKey key, Device device, TrainingProgress progress, CancellationToken token)
    {
        using var scope = NewDisposeScope();
        var experiment = new EfQatExperiment(Task, Weights, key.Images, key.Seed, device);
        using var model = experiment.Ptq(scheme);
        var partner = new Partner(experiment.Fp32());
        using var method = experiment.Train(model, Training with { Ratio = variant.Ratio }, progress, token, variant.Objective(partner, key.Seed));
        var (images, labels) = experiment.FirstBatch();
        Batch few = new(images[..AgreementImages], labels[..AgreementImages]);
        return new(method.Top1, [.. GradientAgreement.Of(model, partner, few).Select(block => Math.Round(block.Cosine, 4))]);
    }
}
