using System.CommandLine;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat train</c>: a full-precision model from scratch.</summary>
static class TrainCommand
{
    public static ExampleCommand Create()
    {
        var model = new Option<string>("--model") { Description = "resnet20, resnet32, resnet44 or resnet56", DefaultValueFactory = _ => "resnet20" };
        var epochs = new Option<int>("--epochs") { Description = "Passes over the training set", DefaultValueFactory = _ => 15 };
        var batch = new Option<int>("--batch") { Description = "Images in a batch", DefaultValueFactory = _ => 128 };
        var rate = new Option<double>("--lr") { Description = "Highest learning rate; cosine schedule after one warm-up epoch", DefaultValueFactory = _ => 0.1 };
        var command = new ExampleCommand(
            "train", "Train a full-precision model on Fashion-MNIST; goes on from DIR/training.safetensors where that exists",
            "efqat train --epochs 15 --seed 1 --out runs/fp32")
        {
            model, epochs, batch, rate,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            string folder = run.Out ?? "runs/fp32", name = parsed.GetValue(model)!;
            var train = new BatchLoader(FashionMnist.Load("train"), parsed.GetValue(batch), shuffle: true, augment: true, run.Seed, run.Device);
            var test = new BatchLoader(FashionMnist.Load("test"), 500, device: run.Device);
            using var network = ResNet.Create(name, 1, 10).to(run.Device);
            using var rule = new Fp32Update(network, parsed.GetValue(rate));
            int count = parsed.GetValue(epochs);
            var identity = new Dictionary<string, string>
            {
                ["model"] = name, ["scheme"] = "FP32", ["data"] = train.Data.Name, ["seed"] = $"{run.Seed}",
                ["epochs"] = $"{count}", ["batch"] = $"{train.BatchSize}", ["lr"] = FormattableString.Invariant($"{parsed.GetValue(rate)}"),
            };
            var schedule = Schedule.Cosine((long)count * train.BatchesPerEpoch, warmup: train.BatchesPerEpoch);
            var options = new TrainOptions(count, schedule, Checkpoint: Path.Combine(folder, "training.safetensors"), Identity: identity);
            var result = ProgressView.Show(run.Quiet, view => Trainer.Run(network, rule, train, test, options, new TrainingProgress(view), token));
            if (result.Interrupted)
            {
                parsed.InvocationConfiguration.Error.WriteLine($"stopped after {result.Steps} steps; the same command goes on from {options.Checkpoint}");
                return CommandLine.Interrupted;
            }
            string weights = Path.Combine(folder, $"{train.Data.Name}-{name}.safetensors");
            SafeTensors.Write(weights, network.state_dict(), new Dictionary<string, string>(identity)
            {
                ["top1"] = FormattableString.Invariant($"{result.Top1:0.00}"), ["torch"] = torch.__version__, ["date"] = $"{DateTime.UtcNow:yyyy-MM-dd}",
            });
            parsed.InvocationConfiguration.Output.WriteLine(FormattableString.Invariant($"top-1 {result.Top1:0.00} % on the test set; weights in {weights}"));
            return CommandLine.Ok;
        });
    }
}
