using System.Diagnostics;
using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.PostTraining;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>What a cell of the comparison at equal time is.</summary>
/// <param name="Model">The network.</param>
/// <param name="Data">The data set.</param>
/// <param name="Weights">The first digits of the full-precision file's sha256.</param>
/// <param name="Bits">Of weights and activations; 32: full precision.</param>
/// <param name="Samples">Of calibration, and of EasyQuant's search.</param>
/// <param name="Seed">Draws samples and their order; 0: nothing is drawn.</param>
/// <param name="Method">FP32, MinMax, EasyQuant, EfQAT or QAT.</param>
/// <param name="Times">The search's time, so many times; 0: none.</param>
/// <param name="Training">Null where nothing is trained.</param>
sealed record ComparisonKey(
    string Model, string Data, string Weights, int Bits, int Samples, long Seed, string Method, double Times, EfQatOptions? Training);

/// <summary>What came of it.</summary>
/// <param name="Top1">On all test samples, in percent.</param>
/// <param name="Seconds">Of the search, or of training.</param>
/// <param name="Steps">Of training.</param>
sealed record ComparisonResult(double Top1, double Seconds, long Steps);

/// <summary>
/// EasyQuant against EfQAT and QAT at equal time: all start from the same network on the same grids, calibrated on the same samples. EasyQuant
/// folds BatchNorm, which changes nothing at the start; training keeps it. A method trains for as many steps as fit in, at most one pass over the
/// training samples.
/// </summary>
/// <param name="Task">The network and its data.</param>
/// <param name="Weights">The full-precision file.</param>
/// <param name="Bits">Widths.</param>
/// <param name="Samples">Of calibration and of the search.</param>
/// <param name="Seeds">How many, from 1 on.</param>
sealed record EasyQuantComparison(ILearningTask Task, string Weights, IReadOnlyList<int> Bits, int Samples, int Seeds)
{
    const int TimedSteps = 3;
    static readonly double[] Times = [1, 2, 4];

    /// <summary>Names and shares of the weights that are trained.</summary>
    static readonly (string Method, double Ratio)[] Trained = [("EfQAT-CWPN 0 %", 0), ("EfQAT-CWPN 10 %", 0.1), ("QAT", 1)];

    /// <summary>Runs what the store lacks; all cells, full precision first.</summary>
    public List<Cell<ComparisonKey, ComparisonResult>> Run(
        CellStore<ComparisonKey, ComparisonResult> store, Device device, IProgressView view, CancellationToken token)
    {
        string digest = EfQatExperiment.Digest(Task, Weights);
        List<Cell<ComparisonKey, ComparisonResult>> cells = [];
        Cell<ComparisonKey, ComparisonResult> Get(
            string method, Func<EfQatExperiment, string, ComparisonResult> run, int bits = 32, long seed = 0, double times = 0, EfQatOptions? training = null)
        {
            var key = new ComparisonKey(Task.Model, Task.Source, digest, bits, seed == 0 ? 0 : Samples, seed, method, times, training);
            bool isNew = !store.Has(key);
            using var scope = NewDisposeScope();
            string time = training is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {times} × the search's time");
            string name = bits == 32 ? method : $"INT{bits} {method}{time}, seed {seed}";
            cells.Add(store.Get(key, () => run(new(Task, Weights, null, Math.Max(1, seed), device), name)));
            var (top1, seconds, _) = cells[^1].Result;
            if (isNew) view.Line(string.Create(CultureInfo.InvariantCulture, $"{name}: {seconds:0.0} s, top-1 {top1:0.00} %"));
            return cells[^1];
        }

        Get("FP32", (on, _) => new(on.Top1(on.Fp32(), token), 0, 0));
        foreach (int bits in Bits)
            foreach (long seed in Enumerable.Range(1, Seeds))
            {
                Get("MinMax", (on, _) => new(on.Top1(Start(on, bits, seed, device), token), 0, 0), bits, seed);
                double search = Get("EasyQuant", (on, name) => Search(on, bits, seed, device, new(view, name), token), bits, seed, 1).Result.Seconds;
                foreach (var (method, ratio) in Trained)
                {
                    var training = Task.Settings.Quantized with { Ratio = ratio };
                    double step = 0;
                    foreach (double times in Times)
                        Get(method, (all, name) =>
                        {
                            view.Update(0, $"{name}: timing steps");
                            if (step == 0) step = StepSeconds(all, Start(all, bits, seed, device), training);
                            long steps = Math.Clamp((long)(times * search / step), 1, all.Training.BatchesPerEpoch);
                            return Train(bits, seed, training, steps * all.Training.BatchSize, device, new TrainingProgress(view, $"{name}: "), token);
                        }, bits, seed, times, training);
                }
            }
        return cells;
    }

    nn.Module<Tensor, Tensor> Start(EfQatExperiment on, int bits, long seed, Device device, bool fold = false)
    {
        var (model, scheme, samples) = (on.Fp32(), EasyQuantOptions.Paper.Scheme(bits), Task.Calibration(Samples, seed, device));
        if (fold) BatchNormFolding.Fold(model, samples.Epoch().First().Images);
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, samples.Epoch());
        return model;
    }

    ComparisonResult Search(EfQatExperiment on, int bits, long seed, Device device, SearchProgress progress, CancellationToken token)
    {
        using var model = Start(on, bits, seed, device, fold: true);
        var samples = cat([.. Task.Calibration(Samples, seed, device).Epoch().Select(batch => batch.Images)]);
        var clock = Stopwatch.StartNew();
        EasyQuant.Optimize(model, samples, EasyQuantOptions.Paper, progress, token);
        double seconds = clock.Elapsed.TotalSeconds;
        return new(on.Top1(model, token), Math.Round(seconds, 2), 0);
    }

    ComparisonResult Train(
        int bits, long seed, EfQatOptions training, long samples, Device device, ITrainingMonitor progress, CancellationToken token)
    {
        var on = new EfQatExperiment(Task, Weights, (int)samples, seed, device);
        using var model = Start(on, bits, seed, device);
        var clocked = new Clocked(progress);
        using var trained = on.Train(model, training, clocked, token);
        return new(trained.Top1, Math.Round(clocked.Seconds, 2), on.Training.BatchesPerEpoch);
    }

    static double StepSeconds(EfQatExperiment on, nn.Module<Tensor, Tensor> model, EfQatOptions training)
    {
        using var rule = on.Rule(model, training);
        var timer = new StepTimer(model, rule, on.FirstBatch());
        timer.Step();
        return 1e-3 * Enumerable.Range(0, TimedSteps).Min(_ => timer.Step().Total);
    }

    /// <summary>Knows when the last step was done.</summary>
    sealed class Clocked(ITrainingMonitor inner) : ITrainingMonitor
    {
        readonly Stopwatch clock = Stopwatch.StartNew();

        public double Seconds { get; private set; }

        public void OnStep(in StepInfo info)
        {
            Seconds = clock.Elapsed.TotalSeconds;
            inner.OnStep(info);
        }

        public void OnEvaluation(int epoch, double top1) => inner.OnEvaluation(epoch, top1);
    }
}
