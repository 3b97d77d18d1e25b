using System.Diagnostics;
using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.PostTraining;
using EfQat.Quantization;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Experiments;

/// <summary>What a cell of EasyQuant's grid is.</summary>
/// <param name="Model">The network.</param>
/// <param name="Data">The data set.</param>
/// <param name="Weights">The first digits of the full-precision file's sha256.</param>
/// <param name="Bits">Of weights and activations; 32: full precision.</param>
/// <param name="Calibration">Samples that the start is taken from.</param>
/// <param name="Samples">That the search runs on.</param>
/// <param name="Seed">Draws both; 0: nothing is drawn.</param>
/// <param name="Options">Of the search, which without rounds is calibration alone; null: full precision.</param>
sealed record EasyQuantKey(string Model, string Data, string Weights, int Bits, int Calibration, int Samples, long Seed, EasyQuantOptions? Options);

/// <summary>How near a layer's output is to full precision's.</summary>
/// <param name="Layer">Its name.</param>
/// <param name="Cosine">The mean over test samples.</param>
sealed record LayerCosine(string Layer, double Cosine);

/// <summary>What came of it.</summary>
/// <param name="Top1">On all test samples, in percent.</param>
/// <param name="SearchSeconds">Of the search alone.</param>
/// <param name="Layers">In the network's order.</param>
sealed record EasyQuantResult(double Top1, double SearchSeconds, LayerCosine[] Layers);

/// <summary>A method, in a variant, at a width.</summary>
sealed record EasyQuantVariant(string Method, string Variant, int Bits, int Calibration, int Samples, EasyQuantOptions? Options)
{
    /// <summary>FP32 or INT and the width.</summary>
    public string Width => Options is null ? "FP32" : string.Create(CultureInfo.InvariantCulture, $"INT{Bits}");
}

/// <summary>A variant and its result with each seed.</summary>
sealed record EasyQuantRow(EasyQuantVariant Variant, List<EasyQuantResult> Results);

/// <summary>EasyQuant against its baseline and its own start, and what each of its choices is worth.</summary>
/// <param name="Task">The network and its data.</param>
/// <param name="Weights">The full-precision file.</param>
/// <param name="Bits">Widths of the comparison.</param>
/// <param name="AblationBits">The width of the ablations; null: none.</param>
/// <param name="Samples">That EasyQuant searches on.</param>
/// <param name="Calibration">Samples for KL thresholds; also the larger number that EasyQuant is tried with.</param>
/// <param name="Seeds">How many, from 1 on.</param>
/// <param name="FromKl">Searches from KL thresholds too, at every width.</param>
sealed record EasyQuantGrid(
    IEvaluationTask Task, string Weights, IReadOnlyList<int> Bits, int? AblationBits, int Samples, int Calibration, int Seeds, bool FromKl = false)
{
    const int Compared = 200;
    static readonly EasyQuantOptions Paper = EasyQuantOptions.Paper, Official = EasyQuantOptions.OfficialCode;

    /// <summary>All rows, full precision first; of the ablations the first is the paper's.</summary>
    public IReadOnlyList<EasyQuantVariant> Variants()
    {
        EasyQuantVariant KlStart(int bits) => new(
            "EasyQuant", "paper, from KL thresholds", bits, Calibration, Samples, Paper with { ActivationStart = ObserverKind.KullbackLeibler });
        EasyQuantVariant Ablation(string variant, EasyQuantOptions options, int samples) => new(
            "EasyQuant", variant, AblationBits!.Value, options.ActivationStart == ObserverKind.MinMax ? samples : Calibration, samples, options);
        EasyQuantVariant Of(string variant, EasyQuantOptions options) => Ablation(variant, options, Samples);
        EasyQuantOptions Candidates(int count) => Paper with
        {
            WeightRange = Paper.WeightRange with { Count = count }, ActivationRange = Paper.ActivationRange with { Count = count },
        };
        EasyQuantVariant[] rows =
        [
            new("FP32", "", 32, 0, 0, null),
            .. Bits.SelectMany(bits => (EasyQuantVariant[])
            [
                new("TRT", "KL thresholds", bits, Calibration, 0, Official with { Rounds = 0 }),
                new("MinMax", "EasyQuant's start", bits, Samples, 0, Paper with { Rounds = 0 }),
                new("EasyQuant", "paper", bits, Samples, Samples, Paper),
                .. FromKl ? (EasyQuantVariant[])[KlStart(bits)] : [],
            ]),
            .. AblationBits is null ? [] : (EasyQuantVariant[])
            [
                Of("official code", Official),
                KlStart(AblationBits.Value),
                Of("weights only", Paper with { Activations = false }),
                Of("activations only", Paper with { Weights = false }),
                Of("25 candidates", Candidates(25)),
                Of("400 candidates", Candidates(400)),
                Of("2 rounds", Paper with { Rounds = 2 }),
                Of("4 rounds", Paper with { Rounds = 4 }),
                Ablation($"{Calibration} samples", Paper, Calibration),
            ],
        ];
        return [.. rows.Distinct()];
    }

    /// <summary>Runs what the store lacks, and returns every row with a cell for each seed.</summary>
    public List<EasyQuantRow> Run(CellStore<EasyQuantKey, EasyQuantResult> store, Device device, IProgressView view, CancellationToken token)
    {
        string digest = EfQatExperiment.Digest(Task, Weights);
        if (Task is ILearningTask task && Normalization.Of(Weights) is { } statistics) task.Normalize(statistics);
        var cells = (
            from variant in Variants()
            from seed in variant.Options is null ? [0] : Enumerable.Range(1, Seeds)
            select (variant, Key: new EasyQuantKey(
                Task.Model, Task.Source, digest, variant.Bits, variant.Calibration, variant.Samples, seed, variant.Options))).ToList();
        int missing = cells.Count(cell => !store.Has(cell.Key)), ran = 0;
        List<EasyQuantRow> rows = [];
        Lazy<Dictionary<string, Tensor>> reference = new(() => Outputs(Fp32(device), device));
        foreach (var (variant, key) in cells)
        {
            bool isNew = !store.Has(key);
            if (isNew) ran++;
            string name = $"{ran}/{missing} {variant.Width} {variant.Method} {variant.Variant} seed {key.Seed}";
            var cell = store.Get(key, () => Result(key, reference.Value, device, new SearchProgress(view, name), token));
            if (isNew) view.Line(string.Create(CultureInfo.InvariantCulture, $"{name}: top-1 {cell.Result.Top1:0.00} %"));
            if (rows.Count == 0 || rows[^1].Variant != variant) rows.Add(new(variant, []));
            rows[^1].Results.Add(cell.Result);
        }
        return rows;
    }

    EasyQuantResult Result(EasyQuantKey key, Dictionary<string, Tensor> reference, Device device, SearchProgress progress, CancellationToken token)
    {
        using var scope = NewDisposeScope();
        using var model = Fp32(device);
        double seconds = 0;
        if (key.Options is { } options)
        {
            var scheme = options.Scheme(key.Bits);
            Quantize.Prepare(model, scheme);
            Quantize.Calibrate(model, scheme, Task.Calibration(key.Calibration, key.Seed, device).Epoch());
            if (options.Rounds > 0)
            {
                var samples = cat([.. Task.Calibration(key.Samples, key.Seed, device).Epoch().Select(batch => batch.Images)]);
                var clock = Stopwatch.StartNew();
                EasyQuant.Optimize(model, samples, options, progress, token);
                seconds = clock.Elapsed.TotalSeconds;
            }
        }
        progress.Say("test samples");
        var layers = Outputs(model, device).Select(layer => new LayerCosine(layer.Key, MeanCosine(reference[layer.Key], layer.Value))).ToArray();
        return new(Evaluator.Top1(model, Task.Test(device), token), Math.Round(seconds, 1), layers);
    }

    /// <summary>With BatchNorm folded, as the paper's networks are.</summary>
    nn.Module<Tensor, Tensor> Fp32(Device device)
    {
        var model = Task.Create();
        Task.Load(model, Weights);
        model.to(device);
        BatchNormFolding.Fold(model, Task.Calibration(8, 0, device).Epoch().First().Images);
        return model;
    }

    Dictionary<string, Tensor> Outputs(nn.Module<Tensor, Tensor> model, Device device)
    {
        model.eval();
        var images = Task.Test(device).Epoch().First().Images;
        return LayerOutputs.Of(model, images[..(int)Math.Min(Compared, images.shape[0])]).ToDictionary(pair => pair.Layer, pair => pair.Output);
    }

    /// <summary>Sample by sample: in double, a layer's outputs for all of them take gigabytes.</summary>
    static double MeanCosine(Tensor x, Tensor y) => Enumerable.Range(0, (int)x.shape[0]).Average(i =>
    {
        using var scope = NewDisposeScope();
        var (a, b) = (x.select(0, i).to(float64), y.select(0, i).to(float64));
        return ((a * b).sum() / (a.square().sum() * b.square().sum()).sqrt()).item<double>();
    });
}
