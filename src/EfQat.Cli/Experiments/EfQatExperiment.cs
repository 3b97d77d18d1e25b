using System.Security.Cryptography;
using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>What methods are compared on: data, full-precision ResNet-20 weights, a seed. Each starts from the same PTQ model.</summary>
sealed class EfQatExperiment
{
    /// <summary>The option that names the weights.</summary>
    public const string Weights = "--fp32";

    /// <summary>Where our weights for a data set are.</summary>
    public static string DefaultWeights(string data) => $"data/checkpoints/{Path.GetFileName(Path.TrimEndingDirectorySeparator(data))}-resnet20.safetensors";

    /// <summary>Learning rates: of six settings the best at W4A4 with seed 1, for 64 steps on Fashion-MNIST.</summary>
    public static readonly EfQatOptions Training = new(LearningRate: 1e-2, ScaleLearningRate: 3e-2);

    readonly BatchLoader train, test, calibration;
    readonly Dictionary<string, Tensor> fp32;
    readonly Device device;
    readonly long seed;

    /// <param name="data">Training and test images.</param>
    /// <param name="weights">A file that <c>efqat train</c> wrote.</param>
    /// <param name="images">Training images that a method sees.</param>
    /// <param name="seed">Draws them, and the images for calibration.</param>
    /// <param name="device">Where to compute.</param>
    public EfQatExperiment((ImageDataset Train, ImageDataset Test) data, string weights, int images, long seed, Device device)
    {
        (this.device, this.seed) = (device, seed);
        train = new(data.Train.Subset(images, seed), 128, shuffle: true, augment: true, seed, device);
        calibration = new(data.Train.Subset(512, seed), 128, device: device);
        test = new(data.Test, 500, device: device);
        fp32 = SafeTensors.Read(Existing(weights)).Tensors;
        Images = train.BatchesPerEpoch * train.BatchSize;
    }

    /// <summary>One for each of the seeds 1 to <paramref name="seeds"/>, made when it is first needed; the images are read once.</summary>
    public static Lazy<EfQatExperiment>[] BySeed(string data, string weights, int images, int seeds, Device device)
    {
        Lazy<(ImageDataset, ImageDataset)> all = new(() => (DatasetCatalog.Load(data, "train"), DatasetCatalog.Load(data, "test")));
        return [.. Enumerable.Range(1, seeds).Select(seed => new Lazy<EfQatExperiment>(() => new(all.Value, weights, images, seed, device)))];
    }

    /// <summary>The first digits of a weight file's sha256, which say which network a result belongs to.</summary>
    /// <exception cref="UserError">The file is missing.</exception>
    public static string Digest(string weights) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Existing(weights))))[..12];

    static string Existing(string weights) => File.Exists(weights)
        ? weights
        : throw new UserError($"{weights}: the full-precision weights are missing; make them with 'efqat train --out runs/fp32' and name the file with {Weights}");

    /// <summary>How many each method trains on: whole batches.</summary>
    public int Images { get; }

    /// <summary>A batch to time steps with.</summary>
    public Batch FirstBatch() => train.Epoch().First();

    /// <summary>Top-1 on the test images in percent.</summary>
    public double Top1(nn.Module<Tensor, Tensor> model, CancellationToken token) => Evaluator.Top1(model, test, token);

    /// <summary>The full-precision network.</summary>
    public ResNet Fp32()
    {
        var model = ResNet.Create("resnet20", train.Data.Channels, train.Data.ClassNames.Count).to(device);
        model.load_state_dict(fp32);
        return model;
    }

    /// <summary>Quantized after training.</summary>
    public ResNet Ptq(Scheme scheme)
    {
        var model = Fp32();
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, calibration.Epoch());
        return model;
    }

    /// <summary>Trains a PTQ model for one pass over the images.</summary>
    public TrainedMethod Train(ResNet model, EfQatOptions options, ITrainingMonitor monitor, CancellationToken token)
    {
        manual_seed(seed);
        var rule = new EfQatUpdate(model, options, () => WeightGradients.Of(model, FirstBatch()));
        var result = Trainer.Run(model, rule, train, test, new(1, Schedule.Cosine(train.BatchesPerEpoch)), monitor, token);
        if (result.Interrupted) throw new OperationCanceledException(token);
        return new(options.Ratio, model, rule, result.Top1);
    }
}

/// <summary>A model and what trained it.</summary>
sealed record TrainedMethod(double Ratio, ResNet Model, EfQatUpdate Rule, double Top1) : IDisposable
{
    public void Dispose()
    {
        Rule.Dispose();
        Model.Dispose();
    }
}
