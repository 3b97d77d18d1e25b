using EfQat.Datasets;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>ResNet-50 on photographs in ImageNet's folders, train/CLASS and val/CLASS.</summary>
/// <param name="source">The folder.</param>
sealed class PhotographTask(string source) : ILearningTask
{
    // 0.1 for a batch of 256 (arXiv 1512.03385, §3.4), scaled to the batch; QAT's are ours, untried on ImageNet.
    static readonly TaskSettings Defaults = new(
        Epochs: 90, Batch: 64, LearningRate: 0.025, WeightDecay: 1e-4, QuantizedBatch: 64,
        new EfQatOptions(LearningRate: 1e-3, ScaleLearningRate: 1e-3, WeightDecay: 1e-4), QuickLearningRate: 1e-3);

    public string Model => "resnet50";

    public string Source => source;

    public IReadOnlyDictionary<string, string> Identity { get; } = new Dictionary<string, string>();

    public TaskSettings Settings => Defaults;

    public IBatches Train(int? samples, int batch, long seed, Device device) => Split("train", batch, true, seed, device, samples);

    public IBatches Calibration(int samples, long seed, Device device) => Split("train", 64, false, seed, device, samples);

    public IBatches Test(Device device)
    {
        var test = Split("val", 64, false, 0, device, null);
        return test.ClassNames.SequenceEqual(Split("train", 64, false, 0, device, null).ClassNames)
            ? test
            : throw new UserError($"{source}: train/ and val/ do not have the same classes; give both the same folders");
    }

    public nn.Module<Tensor, Tensor> Create() => new ResNet50(Split("train", 1, false, 0, CPU, 1).ClassNames.Count);

    public void Load(nn.Module<Tensor, Tensor> model, string weights) => ((ResNet50)model).LoadWeights(weights);

    ImageNetLoader Split(string split, int batch, bool train, long seed, Device device, int? samples) =>
        new(Path.Combine(source, split), batch, train, seed, device, samples: samples);
}
