using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Display;
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
        var images = new Option<int?>("--images") { Description = "Train on so many samples, drawn at random [default: all]" }.AtLeast(1);
        var epochs = new Option<int?>("--epochs") { Description = "Passes over the training set [default: 15, for resnet50 90, for bert-* 1]" }.AtLeast(1);
        var batch = new Option<int?>("--batch") { Description = "Samples in a batch [default: 128, for resnet50 and bert-* 64]" }.AtLeast(1);
        var rate = new Option<double?>("--lr") { Description = "Highest learning rate; it rises through one epoch, at most a tenth of the steps, then falls as a cosine [default: 0.1, for resnet50 0.025, for bert-* 0.0005]" };
        var saveEvery = new Option<double>("--save-every") { Description = "Seconds from one checkpoint to the next; every epoch ends with one", DefaultValueFactory = _ => 60 };
        var command = new ExampleCommand(
            "train", "Train a full-precision model; goes on from DIR/training.safetensors where that exists",
            "efqat train --epochs 15 --seed 1 --out runs/fp32", "efqat train --data cifar10 --model resnet32 --epochs 100 --out runs/cifar10",
            "efqat train --model bert-small --data sst2 --vocab vocab.txt --out runs/sst2",
            "efqat train --model resnet50 --data /data/imagenet --device cuda --out runs/imagenet")
        {
            images, epochs, batch, rate, saveEvery,
        };
        TaskOptions.AddTo(command);
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var task = TaskOptions.Read(parsed);
            var settings = task.Settings;
            string folder = run.Out ?? "runs/fp32";
            double lr = parsed.GetValue(rate) ?? settings.LearningRate;
            var train = task.Train(parsed.GetValue(images), parsed.GetValue(batch) ?? settings.Batch, run.Seed, run.Device);
            var test = task.Test(run.Device);
            using var network = task.Create().to(run.Device);
            using var rule = new Fp32Update(network, lr, weightDecay: settings.WeightDecay, weightRule: settings.Quantized.WeightRule);
            int passes = parsed.GetValue(epochs) ?? settings.Epochs;
            var identity = new Dictionary<string, string>(task.Identity)
            {
                ["model"] = task.Model, ["scheme"] = "FP32", ["data"] = train.Name, ["images"] = $"{train.Count}", ["seed"] = $"{run.Seed}",
                ["epochs"] = $"{passes}", ["batch"] = $"{train.BatchSize}", ["lr"] = FormattableString.Invariant($"{lr}"),
            };
            long steps = (long)passes * train.BatchesPerEpoch;
            var options = new TrainOptions(
                passes, Schedule.Cosine(steps, warmup: Math.Min(train.BatchesPerEpoch, steps / 10)),
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
            string weights = Path.Combine(folder, $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(task.Source))}-{task.Model}.safetensors");
            SafeTensors.Write(weights, network.state_dict(), new Dictionary<string, string>(identity)
            {
                ["top1"] = FormattableString.Invariant($"{result.Top1:0.00}"), ["torch"] = torch.__version__, ["date"] = $"{DateTime.UtcNow:yyyy-MM-dd}",
                ["command"] = $"efqat {string.Join(' ', parsed.Tokens.Select(word => word.Value))}",
            });
            Terminal.Write(parsed, ResultTable.Of([new Row(task.Model, train.Name, passes, run.Seed, result.Top1, weights)])
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
