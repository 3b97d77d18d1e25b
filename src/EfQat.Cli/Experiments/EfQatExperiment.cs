using System.Security.Cryptography;
using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Experiments;

/// <summary>What methods are compared on: a task, full-precision weights, a seed. Each starts from the same PTQ model.</summary>
sealed class EfQatExperiment
{
    /// <summary>The option that names the weights.</summary>
    public const string Weights = "--fp32";

    const int CalibrationSamples = 512;

    readonly ILearningTask task;
    readonly IBatches train, test, calibration;
    readonly string weights;
    readonly Device device;
    readonly long seed;

    /// <param name="task">The network and its data.</param>
    /// <param name="weights">A file that <c>efqat train</c> wrote, or another that <see cref="WeightFile"/> reads.</param>
    /// <param name="samples">Of training, that a method sees in a pass; null: all.</param>
    /// <param name="seed">Draws them, and those for calibration.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="batch">Samples in a batch; null: as the task says.</param>
    public EfQatExperiment(ILearningTask task, string weights, int? samples, long seed, Device device, int? batch = null)
    {
        (this.task, this.weights, this.seed, this.device) = (task, Existing(task, weights), seed, device);
        if (Normalization.Of(weights) is { } statistics) task.Normalize(statistics);
        train = task.Train(samples, batch ?? Math.Min(task.Settings.QuantizedBatch, samples ?? int.MaxValue), seed, device);
        calibration = task.Calibration(samples is null ? Math.Min(CalibrationSamples, train.Count) : CalibrationSamples, seed, device);
        test = task.Test(device);
        Samples = train.BatchesPerEpoch * train.BatchSize;
    }

    /// <summary>One for each of the seeds 1 to <paramref name="seeds"/>, made when it is first needed.</summary>
    public static Lazy<EfQatExperiment>[] BySeed(ILearningTask task, string weights, int samples, int seeds, Device device) =>
        [.. Enumerable.Range(1, seeds).Select(seed => new Lazy<EfQatExperiment>(() => new(task, weights, samples, seed, device)))];

    /// <summary>Where our weights for a task are.</summary>
    public static string DefaultWeights(ILearningTask task) =>
        $"data/checkpoints/{Path.GetFileName(Path.TrimEndingDirectorySeparator(task.Source))}-{task.Model}.safetensors";

    /// <summary>The first digits of a weight file's sha256, which say which network a result belongs to.</summary>
    /// <exception cref="UserError">The file is missing.</exception>
    public static string Digest(IEvaluationTask task, string weights) => Digest(Existing(task, weights));

    /// <summary>The first digits of a file's sha256.</summary>
    public static string Digest(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))[..12];

    static string Existing(IEvaluationTask task, string weights) => File.Exists(weights)
        ? weights
        : throw new UserError(
            $"{weights}: the full-precision weights are missing; make them with 'efqat train --model {task.Model} --data {task.Source} --out runs/fp32' and "
            + $"name the file with {Weights}");

    /// <summary>How many each method trains on: whole batches.</summary>
    public int Samples { get; }

    /// <summary>What methods train on.</summary>
    public IBatches Training => train;

    /// <summary>What accuracy is measured on.</summary>
    public IBatches Test => test;

    /// <summary>A batch to time steps with.</summary>
    public Batch FirstBatch() => train.Epoch().First();

    /// <summary>Top-1 on the test samples in percent.</summary>
    public double Top1(nn.Module<Tensor, Tensor> model, CancellationToken token) => Evaluator.Top1(model, test, token);

    /// <summary>The full-precision network.</summary>
    public nn.Module<Tensor, Tensor> Fp32()
    {
        var model = task.Create();
        task.Load(model, weights);
        return model.to(device);
    }

    /// <summary>Quantized after training.</summary>
    public nn.Module<Tensor, Tensor> Ptq(Scheme scheme)
    {
        var model = Fp32();
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, calibration.Epoch());
        return model;
    }

    /// <summary>What updates a PTQ model; random numbers begin anew with the seed.</summary>
    public EfQatUpdate Rule(nn.Module<Tensor, Tensor> model, EfQatOptions options)
    {
        manual_seed(seed);
        return new(model, options, () => WeightGradients.Of(model, FirstBatch()));
    }

    /// <summary>Trains a PTQ model for one pass over the samples.</summary>
    /// <param name="model">Of <see cref="Ptq"/>.</param>
    /// <param name="options">What is trained.</param>
    /// <param name="monitor">Watches.</param>
    /// <param name="token">Stops it.</param>
    /// <param name="objective">What a step minimizes; null: the cross entropy.</param>
    public TrainedMethod Train(
        nn.Module<Tensor, Tensor> model, EfQatOptions options, ITrainingMonitor monitor, CancellationToken token, IObjective? objective = null)
    {
        var rule = Rule(model, options);
        TrainOptions training = new(1, Schedule.Cosine(train.BatchesPerEpoch), objective, BatchNormBatches: options.BatchNormBatches);
        var result = Trainer.Run(model, rule, train, test, training, monitor, token);
        if (result.Interrupted) throw new OperationCanceledException(token);
        return new(options.Ratio, model, rule, result.Top1);
    }
}

/// <summary>A model and what trained it.</summary>
sealed record TrainedMethod(double Ratio, nn.Module<Tensor, Tensor> Model, EfQatUpdate Rule, double Top1) : IDisposable
{
    public void Dispose()
    {
        Rule.Dispose();
        Model.Dispose();
    }
}
