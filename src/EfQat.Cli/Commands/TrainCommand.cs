using System.CommandLine;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Cli.Runs;
using EfQat.Display;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat train</c>: a full-precision model from scratch, or a quantized one from its weights.</summary>
static class TrainCommand
{
    /// <summary>The result.</summary>
    /// <param name="Model">e.g. resnet20.</param>
    /// <param name="Data">What it was trained on.</param>
    /// <param name="Scheme">Bits, or FP32.</param>
    /// <param name="Mode">Which blocks were updated; null in full precision.</param>
    /// <param name="Ratio">The share of them; null in full precision.</param>
    /// <param name="Epochs">Passes over the training set.</param>
    /// <param name="Seed">Of initialization, order and augmentation.</param>
    /// <param name="Workers">Processes that shared the work.</param>
    /// <param name="BytesPerStep">That each of them sent to others in a step.</param>
    /// <param name="Top1">Test accuracy in percent.</param>
    /// <param name="Weights">The file.</param>
    sealed record Row(
        string Model, string Data, string Scheme, string? Mode, double? Ratio, int Epochs, long Seed, int Workers, double BytesPerStep, double Top1, string Weights);

    public static ExampleCommand Create()
    {
        var images = new Option<int?>("--images") { Description = "Train on so many samples, drawn at random [default: all]" }.AtLeast(1);
        var epochs = new Option<int?>("--epochs") { Description = "Passes over the training set [default: 15, for resnet50 90, for bert-* and with --bits 1]" }.AtLeast(1);
        var batch = new Option<int?>("--batch") { Description = "Samples in a batch [default: 128, for resnet50 and bert-* 64, for bert-* with --bits 32]" }.AtLeast(1);
        var rate = new Option<double?>("--lr") { Description = "Highest learning rate; it rises through one epoch, at most a tenth of the steps, then falls as a cosine [default: 0.1, for resnet50 0.025, for bert-* 0.0005]; with --bits it only falls [default: 0.01, for resnet50 0.001, for bert-* 0.0003]" };
        var saveEvery = new Option<double>("--save-every") { Description = "Seconds from one checkpoint to the next; every epoch ends with one", DefaultValueFactory = _ => 60 };
        var processes = new Option<int>("--workers") { Description = "Processes on this machine that share every batch; torchrun, Slurm and others start such workers, too, and on several machines", DefaultValueFactory = _ => 1, HelpName = "N" }.AtLeast(1);
        var patience = new Option<int>("--worker-timeout") { Description = "Seconds that a worker waits for the others", DefaultValueFactory = _ => 300, HelpName = "SECONDS" }.AtLeast(1);
        var command = new ExampleCommand(
            "train", "Train a full-precision model, or with --bits a quantized one; goes on from DIR/training.safetensors where that exists",
            "efqat train --epochs 15 --seed 1 --out runs/fp32", "efqat train --data cifar10 --model resnet32 --epochs 100 --out runs/cifar10",
            "efqat train --bits W4A8 --mode cwpn --ratio 0.1 --images 8192 --out runs/w4a8",
            "efqat train --bits W4A8 --workers 4 --out runs/w4a8-by-four",
            "efqat train --model bert-small --data sst2 --vocab vocab.txt --out runs/sst2",
            "efqat train --model resnet50 --data /data/imagenet --device cuda --out runs/imagenet")
        {
            images, epochs, batch, rate, saveEvery, processes, patience,
        };
        QuantizedOptions.AddTo(command);
        TaskOptions.AddTo(command);
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var place = WorkerPlace.FromEnvironment();
            if (place is null && parsed.GetValue(processes) is > 1 and var count) return LocalWorkers.Run(count, parsed.Tokens.Select(word => word.Value), token);
            var run = RunOptions.Read(parsed);
            using var workers = place is null ? null : new WorkerGroup(place, run.Device, TimeSpan.FromSeconds(parsed.GetValue(patience)));
            bool isFirst = workers is null or { Rank: 0 };
            var task = TaskOptions.Read(parsed);
            var quantized = QuantizedOptions.Read(parsed, task);
            var length = new TrainingLength(parsed.GetValue(images), parsed.GetValue(batch), parsed.GetValue(epochs), parsed.GetValue(rate));
            using var setup = quantized is null
                ? TrainingSetup.Fp32(task, length, run)
                : TrainingSetup.Quantized(task, quantized, length, run);
            if (!isFirst) manual_seed(run.Seed + workers!.Rank);  // dropout of its own
            string folder = run.Out ?? $"runs/{setup.Scheme.ToLowerInvariant()}";
            var options = new TrainOptions(
                setup.Epochs, setup.Schedule, Checkpoint: Path.Combine(folder, "training.safetensors"), Identity: setup.Identity, SaveEvery: parsed.GetValue(saveEvery),
                Workers: workers, BatchNormBatches: quantized?.Training.BatchNormBatches ?? 0);
            string words = string.Join(' ', parsed.Tokens.Select(word => word.Value));
            var result = ProgressView.Show(run.Quiet || !isFirst, view =>
            {
                if (File.Exists(options.Checkpoint)) view.Line($"going on from {options.Checkpoint}");
                using var recorder = !isFirst ? null : new RunRecorder(new TrainingProgress(view), folder, words, setup.Identity, $"{run.Device.type}".ToLowerInvariant());
                var trained = Trainer.Run(setup.Network, setup.Rule, setup.Train, setup.Test, options, recorder, token);
                recorder?.End(trained.Interrupted);
                return trained;
            });
            if (result.Interrupted)
            {
                if (isFirst) parsed.InvocationConfiguration.Error.WriteLine($"stopped after {result.Steps} steps; the same command goes on from {options.Checkpoint}");
                return CommandLine.Interrupted;
            }
            if (!isFirst) return CommandLine.Ok;
            string name = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(task.Source))}-{task.Model}{(quantized is null ? "" : $"-{setup.Scheme}")}";
            string weights = Path.Combine(folder, $"{name}.safetensors");
            setup.Save(weights, new Dictionary<string, string>
            {
                ["top1"] = FormattableString.Invariant($"{result.Top1:0.00}"), ["torch"] = torch.__version__, ["date"] = $"{DateTime.UtcNow:yyyy-MM-dd}",
                ["command"] = $"efqat {words}",
            });
            var table = ResultTable.Of([new Row(
                    task.Model, setup.Train.Name, setup.Scheme, setup.Identity.GetValueOrDefault("mode"), quantized?.Training.Ratio, setup.Epochs, run.Seed,
                    workers?.Count ?? 1, Math.Round(result.BytesPerStep), result.Top1, weights)])
                .Column("Model", r => r.Model)
                .Column("Data", r => r.Data)
                .Column("Bits", r => r.Scheme);
            if (quantized is not null) table.Column("Mode", r => r.Mode).Column("Ratio", r => r.Ratio);
            table.Column("Epochs", r => r.Epochs).Column("Seed", r => r.Seed);
            if (workers is not null) table.Column("Workers", r => r.Workers).Column("Sent in a step", r => r.BytesPerStep / 1e3, "kB", "0.0");
            Terminal.Write(parsed, table
                .Column("Top-1", r => r.Top1, "%", "0.00")
                .Column("Weights", r => r.Weights));
            return CommandLine.Ok;
        });
    }
}
