using System.CommandLine;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Display;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat train</c>: a full-precision model from scratch.</summary>
static class TrainCommand
{
    /// <summary>The result.</summary>
    /// <param name="Model">e.g. resnet20.</param>
    /// <param name="Data">What it was trained on.</param>
    /// <param name="Epochs">Passes over the training set.</param>
    /// <param name="Seed">Of initialization, order and augmentation.</param>
    /// <param name="Top1">Test accuracy in percent.</param>
    /// <param name="Weights">The file.</param>
    sealed record Row(string Model, string Data, int Epochs, long Seed, double Top1, string Weights);

    public static ExampleCommand Create()
    {
        var model = new Option<string>("--model") { Description = "The network", DefaultValueFactory = _ => "resnet20" }
            .AcceptOnlyFromAmong("resnet20", "resnet32", "resnet44", "resnet56");
        var data = new Option<string>("--data")
        {
            Description = "A name that 'efqat data list' shows, or a folder with train/CLASS/*.jpg and test/CLASS/*.jpg", DefaultValueFactory = _ => "fashion-mnist",
        };
        var images = new Option<int?>("--images") { Description = "Train on so many images, drawn at random [default: all]" }.AtLeast(1);
        var epochs = new Option<int>("--epochs") { Description = "Passes over the training set", DefaultValueFactory = _ => 15 }.AtLeast(1);
        var batch = new Option<int>("--batch") { Description = "Images in a batch", DefaultValueFactory = _ => 128 }.AtLeast(1);
        var rate = new Option<double>("--lr") { Description = "Highest learning rate; cosine schedule after one warm-up epoch", DefaultValueFactory = _ => 0.1 };
        var saveEvery = new Option<double>("--save-every") { Description = "Seconds from one checkpoint to the next; every epoch ends with one", DefaultValueFactory = _ => 60 };
        var command = new ExampleCommand(
            "train", "Train a full-precision model; goes on from DIR/training.safetensors where that exists",
            "efqat train --epochs 15 --seed 1 --out runs/fp32", "efqat train --data cifar10 --model resnet32 --epochs 100 --out runs/cifar10")
        {
            model, data, images, epochs, batch, rate, saveEvery,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            string folder = run.Out ?? "runs/fp32", name = parsed.GetValue(model)!, source = parsed.GetValue(data)!;
            var pictures = DatasetCatalog.Load(source, "train");
            if (parsed.GetValue(images) is { } count) pictures = pictures.Subset(count, run.Seed);
            var train = new BatchLoader(pictures, parsed.GetValue(batch), shuffle: true, augment: true, run.Seed, run.Device);
            var test = new BatchLoader(DatasetCatalog.Load(source, "test"), 500, device: run.Device);
            using var network = ResNet.Create(name, pictures.Channels, pictures.ClassNames.Count).to(run.Device);
            using var rule = new Fp32Update(network, parsed.GetValue(rate));
            int passes = parsed.GetValue(epochs);
            var identity = new Dictionary<string, string>
            {
                ["model"] = name, ["scheme"] = "FP32", ["data"] = pictures.Name, ["images"] = $"{pictures.Count}", ["seed"] = $"{run.Seed}",
                ["epochs"] = $"{passes}", ["batch"] = $"{train.BatchSize}", ["lr"] = FormattableString.Invariant($"{parsed.GetValue(rate)}"),
            };
            var options = new TrainOptions(
                passes, Schedule.Cosine((long)passes * train.BatchesPerEpoch, warmup: train.BatchesPerEpoch),
                Checkpoint: Path.Combine(folder, "training.safetensors"), Identity: identity, SaveEvery: parsed.GetValue(saveEvery));
            var result = ProgressView.Show(run.Quiet, view =>
            {
                if (File.Exists(options.Checkpoint)) view.Line($"going on from {options.Checkpoint}");
                return Trainer.Run(network, rule, train, test, options, new TrainingProgress(view), token);
            });
            if (result.Interrupted)
            {
                parsed.InvocationConfiguration.Error.WriteLine($"stopped after {result.Steps} steps; the same command goes on from {options.Checkpoint}");
                return CommandLine.Interrupted;
            }
            string weights = Path.Combine(folder, $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(source))}-{name}.safetensors");
            SafeTensors.Write(weights, network.state_dict(), new Dictionary<string, string>(identity)
            {
                ["top1"] = FormattableString.Invariant($"{result.Top1:0.00}"), ["torch"] = torch.__version__, ["date"] = $"{DateTime.UtcNow:yyyy-MM-dd}",
                ["command"] = $"efqat {string.Join(' ', parsed.Tokens.Select(word => word.Value))}",
            });
            Terminal.Write(parsed, ResultTable.Of([new Row(name, pictures.Name, passes, run.Seed, result.Top1, weights)])
                .Column("Model", r => r.Model)
                .Column("Data", r => r.Data)
                .Column("Epochs", r => r.Epochs)
                .Column("Seed", r => r.Seed)
                .Column("Top-1", r => r.Top1, "%", "0.00")
                .Column("Weights", r => r.Weights));
            return CommandLine.Ok;
        });
    }
}
