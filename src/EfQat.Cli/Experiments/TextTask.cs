using EfQat.Datasets;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>A BERT that tells the class of texts, which are read when they are first needed.</summary>
/// <param name="model">bert-small or bert-base.</param>
/// <param name="source">The folder of SST-2, or its name where data is searched for.</param>
/// <param name="vocabulary">vocab.txt.</param>
sealed class TextTask(string model, string source, string vocabulary) : ILearningTask
{
    /// <summary>Learning rates of QAT and EfQAT: of three settings the best at W2A2 with seed 1, for 64 steps.</summary>
    static readonly TaskSettings Defaults = new(
        Epochs: 1, Batch: 64, LearningRate: 5e-4, WeightDecay: 0.01, QuantizedBatch: 32,
        new EfQatOptions(LearningRate: 3e-4, ScaleLearningRate: 1e-2, WeightDecay: 0.01, WeightRule: WeightRule.AdamW), QuickLearningRate: 3e-4);

    readonly WordPiece tokenizer = WordPiece.Load(vocabulary);
    TextDataset? train, test;

    TextDataset Training => train ??= Sst2.Load(source, "train", tokenizer);

    public string Model => model;

    public string Source => source;

    public IReadOnlyDictionary<string, string> Identity { get; } = new Dictionary<string, string> { ["vocabulary"] = EfQatExperiment.Digest(vocabulary) };

    public TaskSettings Settings => Defaults;

    public IBatches Train(int? samples, int batch, long seed, Device device) =>
        Batches(samples is { } count ? Training.Subset(count, seed) : Training, batch, shuffle: true, seed, device);

    public IBatches Calibration(int samples, long seed, Device device) => Batches(Training.Subset(samples, seed), 64, shuffle: false, seed, device);

    public IBatches Test(Device device) => Batches(test ??= Sst2.Load(source, "dev", tokenizer), 64, shuffle: false, 0, device);

    public nn.Module<Tensor, Tensor> Create() =>
        new BertForSequenceClassification(BertSize.Named(model) with { Vocabulary = tokenizer.Count }, Training.ClassNames.Count);

    public void Load(nn.Module<Tensor, Tensor> model, string weights)
    {
        if (BertWeights.Load(model, weights).Missing is [var first, ..])
            throw new UserError($"{weights}: it lacks {first}; use weights of a {Model} with a classifier, as 'efqat train' writes them");
    }

    static TokenLoader Batches(TextDataset data, int batch, bool shuffle, long seed, Device device) =>
        new(data.Name, data.Sequences, batch, shuffle, seed, device, byLength: true);
}
