using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Display;
using EfQat.Models;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat weights</c>: what a file of weights holds, whether it fits a network, what accuracy it has there, and its conversion.</summary>
static class WeightsCommand
{
    /// <summary>A tensor.</summary>
    /// <param name="Name">Under the model's name where it has one.</param>
    /// <param name="Type">Of its numbers, in the file.</param>
    /// <param name="File">Its shape there; null where the file lacks it.</param>
    /// <param name="Model">Its shape in the model; null where that lacks it.</param>
    /// <param name="Status">What loading would do; null where no model was named.</param>
    sealed record TensorRow(string Name, string? Type, long[]? File, long[]? Model, string? Status);

    /// <summary>An accuracy.</summary>
    /// <param name="Weights">The file.</param>
    /// <param name="Model">e.g. resnet20.</param>
    /// <param name="Data">What it was measured on.</param>
    /// <param name="Samples">How many.</param>
    /// <param name="Top1">In percent.</param>
    sealed record AccuracyRow(string Weights, string Model, string Data, int Samples, double Top1);

    public static ExampleCommand Create()
    {
        var file = new Argument<string>("file")
        {
            Description = ".safetensors, PyTorch's .pth, .pt, .bin or .th, or TorchSharp's .dat; nothing in it is run",
        }.RefusingOptions();
        var model = new Option<string?>("--model") { Description = "Compare names and shapes with this network" }
            .AcceptOnlyFromAmong(BenchModel.Names);
        var data = new Option<string?>("--data")
        {
            Description = "Measure the accuracy on this data set's test samples: a name or a folder, as of 'efqat train'",
        };
        var vocabulary = new Option<string?>("--vocab") { Description = "For bert-* with --data: the vocab.txt of an uncased BERT", HelpName = "FILE" };
        var mean = Statistics(
            "--mean", "Mean of each channel, 0 to 1, that inputs were normalized with in training, which PyTorch's files do not say; --out keeps it");
        var std = Statistics("--std", "Likewise the standard deviation");
        var target = new Option<string?>("--out") { Description = "Write a .safetensors file", HelpName = "FILE" };
        var command = new ExampleCommand(
            "weights", "Show a file of weights, whether it fits a network, and with --data its top-1 accuracy; or convert it to .safetensors",
            "efqat weights resnet20.th", "efqat weights resnet20.th --model resnet20",
            "efqat weights resnet20.th --model resnet20 --data cifar10 --mean 0.485 0.456 0.406 --std 0.229 0.224 0.225",
            "efqat weights resnet20.th --mean 0.485 0.456 0.406 --std 0.229 0.224 0.225 --out cifar10-resnet20.safetensors")
        {
            file, model, data, vocabulary, mean, std, target, RunOptions.JsonOption,
        };
        return command.Does((parsed, token) =>
        {
            using var scope = NewDisposeScope();
            var weights = WeightFile.Read(parsed.GetValue(file)!);
            string? name = parsed.GetValue(model);
            var statistics = (parsed.GetValue(mean), parsed.GetValue(std)) switch
            {
                ({ Length: > 0 } means, { Length: > 0 } deviations) => new Normalization(means, deviations),
                (not { Length: > 0 }, not { Length: > 0 }) => Normalization.Of(weights),
                _ => throw new UserError("--mean and --std: one of them is missing; state both or neither"),
            };
            Terminal.Note(parsed, Summary(weights));
            if (parsed.GetValue(target) is { } path)
            {
                var metadata = new Dictionary<string, string>(weights.Metadata);
                statistics?.AddTo(metadata);
                SafeTensors.Write(path, weights.Tensors, metadata);
                Terminal.Note(parsed, $"written: {path}");
            }
            if (parsed.GetValue(data) is { } source)
            {
                if (name is null) throw new UserError("--data: it needs --model, the network to measure");
                var task = TaskOptions.Task(name, source, parsed.GetValue(vocabulary));
                Terminal.Write(parsed, ResultTable.Of([Accuracy(weights.Path, task, statistics, token)])
                    .Column("Weights", r => r.Weights).Column("Model", r => r.Model).Column("Data", r => r.Data)
                    .Column("Samples", r => r.Samples).Column("Top-1", r => r.Top1, "%", "0.00"));
            }
            else
                Terminal.Write(parsed, Table(name is null ? Contents(weights) : Comparison(weights, name), compared: name is not null));
            return CommandLine.Ok;
        });
    }

    static Option<float[]> Statistics(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true };

    static string Summary(WeightFile file) =>
        $"{file.Format}: {file.Tensors.Count} tensors, {file.Tensors.Values.Sum(tensor => tensor.numel()):N0} numbers"
        + string.Concat(file.Metadata.Select(pair => $"\n{pair.Key}: {pair.Value}"));

    static AccuracyRow Accuracy(string path, ILearningTask task, Normalization? statistics, CancellationToken token)
    {
        if (statistics is not null) task.Normalize(statistics);
        using var network = task.Create();
        task.Load(network, path);
        var test = task.Test(CPU);
        return new(path, task.Model, test.Name, test.Count, Evaluator.Top1(network, test, token));
    }

    static IEnumerable<TensorRow> Contents(WeightFile file) =>
        file.Tensors.Select(pair => new TensorRow(pair.Key, $"{pair.Value.dtype}", pair.Value.shape, null, null));

    static IEnumerable<TensorRow> Comparison(WeightFile file, string name)
    {
        using var network = Network(name, file.Tensors);
        var tensors = BertWeights.Named(network, file.Tensors);
        var own = network.state_dict();
        TensorRow Row(string tensor, string status)
        {
            var found = tensors.GetValueOrDefault(tensor);
            return new(tensor, found is null ? null : $"{found.dtype}", found?.shape, own.GetValueOrDefault(tensor)?.shape, status);
        }

        var mapping = Mapping.Of(network, tensors);
        return
        [
            .. mapping.Loaded.Select(tensor => Row(tensor, "loaded")),
            .. mapping.WrongShape.Select(difference => Row(difference.Name, "wrong shape")),
            .. mapping.Missing.Select(tensor => Row(tensor, "missing")), .. mapping.Unexpected.Select(tensor => Row(tensor, "unexpected")),
        ];
    }

    /// <summary>The network with as many classes and channels as the file has.</summary>
    static nn.Module<Tensor, Tensor> Network(string name, IReadOnlyDictionary<string, Tensor> tensors)
    {
        long Size(string tensor, int dim, long otherwise) =>
            tensors.GetValueOrDefault(tensor) is { } found && found.ndim > dim && found.numel() > 0 ? found.shape[dim] : otherwise;

        if (name == "resnet50") return new ResNet50(Size("fc.weight", 0, 1000));
        if (!name.StartsWith("bert")) return ResNet.Create(name, Size("conv1.weight", 1, 3), Size("linear.weight", 0, 10));
        const string words = "embeddings.word_embeddings.weight";
        var size = BertSize.Named(name);
        size = size with { Vocabulary = Size("bert." + words, 0, Size(words, 0, size.Vocabulary)) };
        return tensors.ContainsKey("qa_outputs.weight")
            ? new BertForQuestionAnswering(size)
            : new BertForSequenceClassification(size, Size("classifier.weight", 0, 2));
    }

    static ResultTable Table(IEnumerable<TensorRow> rows, bool compared)
    {
        static string Shape(long[]? shape) => shape is null ? "–" : $"[{string.Join(", ", shape)}]";
        var table = ResultTable.Of(rows)
            .Column("Tensor", r => r.Name).Column("Type", r => r.Type ?? "–").Column("Shape", r => Shape(r.File));
        return compared ? table.Column("Model's", r => Shape(r.Model)).Column("", r => r.Status ?? "") : table;
    }
}
