using EfQat.Datasets;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary>A network to measure, and what to measure it with where nothing else is asked for.</summary>
/// <param name="Create">With random weights.</param>
/// <param name="Data">A batch of the network's shape, given its samples, a seed and a device.</param>
/// <param name="Rule">Of the optimizer.</param>
/// <param name="Batch">Samples: on two cores and in 20 GB a turn of all methods takes seconds.</param>
/// <param name="Steps">Timed steps of each method.</param>
/// <param name="Ratios">Shares of blocks to update.</param>
sealed record BenchModel(
    Func<nn.Module<Tensor, Tensor>> Create, Func<int, long, Device, Batch> Data, WeightRule Rule, int Batch, int Steps, double[] Ratios)
{
    public static string[] Names { get; } = ["resnet20", "resnet32", "resnet44", "resnet56", "resnet50", "bert-small", "bert-base"];

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="length">Tokens in a sample of BERT, which answers questions as on SQuAD.</param>
    public static BenchModel Named(string name, int length) => name switch
    {
        "resnet50" => new(() => new ResNet50(), Photographs, WeightRule.Sgd, 8, 5, [0.1]),
        "bert-small" or "bert-base" => new(
            () => new BertForQuestionAnswering(BertSize.Named(name)), (samples, _, device) => Texts(samples, length, device), WeightRule.AdamW,
            name == "bert-small" ? 8 : 4, 5, [0.1]),
        _ => new(() => ResNet.Create(name, 1, 10), Clothes, WeightRule.Sgd, 128, 30, [0.05, 0.1, 0.25]),
    };

    static Batch Clothes(int samples, long seed, Device device) =>
        new BatchLoader(FashionMnist.Load("test"), samples, shuffle: true, seed: seed, device: device).Epoch().First();

    /// <summary>Random values, channels-last in memory. // [N, 3, 224, 224]</summary>
    static Batch Photographs(int samples, long seed, Device device) =>
        new(randn(samples, 224, 224, 3, device: device).permute(0, 3, 1, 2), randint(1000, [samples], device: device));

    /// <summary>Random tokens, none of them padding, and where an answer begins and ends. // [N, 3, L], [N, 2]</summary>
    static Batch Texts(int samples, int length, Device device)
    {
        var tokens = randint(1, BertSize.Base.Vocabulary, [samples, length], device: device);
        return new(stack([tokens, zeros_like(tokens), ones_like(tokens)], dim: 1), randint(length, [samples, 2], device: device));
    }
}
