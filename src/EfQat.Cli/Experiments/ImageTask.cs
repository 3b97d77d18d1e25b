using EfQat.Datasets;
using EfQat.Models;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Experiments;

/// <summary>A ResNet on small pictures, which are read when they are first needed.</summary>
/// <param name="model">resnet20, resnet32, resnet44 or resnet56.</param>
/// <param name="source">A name of the catalog, or a folder.</param>
sealed class ImageTask(string model, string source) : ILearningTask
{
    /// <summary>Learning rates: of six settings the best at W4A4 with seed 1, for 64 steps on Fashion-MNIST; of two for 8 steps.</summary>
    public static readonly TaskSettings Defaults = new(
        Epochs: 15, Batch: 128, LearningRate: 0.1, WeightDecay: 5e-4, QuantizedBatch: 128,
        new EfQatOptions(LearningRate: 1e-2, ScaleLearningRate: 3e-2), QuickLearningRate: 1e-3);

    readonly Lazy<ImageDataset> train = new(() => DatasetCatalog.Load(source, "train")), test = new(() => DatasetCatalog.Load(source, "test"));
    Normalization? normalization;

    public string Model => model;

    public string Source => source;

    public IReadOnlyDictionary<string, string> Identity { get; } = new Dictionary<string, string>();

    public TaskSettings Settings => Defaults;

    public IBatches Train(int? samples, int batch, long seed, Device device) =>
        new BatchLoader(samples is { } count ? Images(train).Subset(count, seed) : Images(train), batch, shuffle: true, augment: true, seed, device);

    public IBatches Calibration(int samples, long seed, Device device) =>
        new BatchLoader(Images(train).Subset(Math.Min(samples, train.Value.Count), seed), 128, device: device);

    public IBatches Test(Device device) => new BatchLoader(Images(test), 500, device: device);

    public nn.Module<Tensor, Tensor> Create() => ResNet.Create(model, train.Value.Channels, train.Value.ClassNames.Count);

    public void Normalize(Normalization statistics) => normalization = statistics;

    public void Load(nn.Module<Tensor, Tensor> model, string weights) => WeightFile.Load(model, weights);

    ImageDataset Images(Lazy<ImageDataset> split) => normalization?.Apply(split.Value) ?? split.Value;
}
