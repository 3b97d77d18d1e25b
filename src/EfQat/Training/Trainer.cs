using System.Diagnostics;
using System.Runtime.InteropServices;
using EfQat.Datasets;

namespace EfQat.Training;

/// <summary>How long to train, and where to keep checkpoints.</summary>
/// <param name="Epochs">Passes over the training set.</param>
/// <param name="Schedule">The learning-rate factor of a step; null: constant.</param>
/// <param name="Objective">What a step minimizes; null: the cross entropy.</param>
/// <param name="Checkpoint">The file to save to and to resume from; null: none.</param>
/// <param name="Identity">What a checkpoint must agree with: model, scheme, data, seed, ….</param>
/// <param name="SaveEvery">Seconds between two checkpoints within an epoch.</param>
public sealed record TrainOptions(
    int Epochs, Func<long, double>? Schedule = null, IObjective? Objective = null,
    string? Checkpoint = null, IReadOnlyDictionary<string, string>? Identity = null, double SaveEvery = 60);

/// <summary>One step, as a monitor sees it.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Step">Steps done in all.</param>
/// <param name="TotalSteps">Of the whole run.</param>
/// <param name="Loss">Of this batch.</param>
/// <param name="Accuracy">Running top-1 of this epoch's training batches, in percent.</param>
/// <param name="SamplesPerSecond">Since the run began or was resumed.</param>
/// <param name="TimeLeft">At that rate.</param>
public readonly record struct StepInfo(int Epoch, long Step, long TotalSteps, double Loss, double Accuracy, double SamplesPerSecond, TimeSpan TimeLeft);

/// <summary>Watches a training run; drawing is its own affair.</summary>
public interface ITrainingMonitor
{
    /// <summary>After every step.</summary>
    void OnStep(in StepInfo info);

    /// <summary>After every epoch.</summary>
    void OnEvaluation(int epoch, double top1);
}

/// <summary>What came of a run.</summary>
/// <param name="Top1">On the test set after the last epoch, in percent; NaN where interrupted.</param>
/// <param name="Interrupted">Cancelled; the checkpoint goes on from there.</param>
/// <param name="Steps">Steps done in all.</param>
public readonly record struct TrainResult(double Top1, bool Interrupted, long Steps);

/// <summary>The training loop, shared by FP32 training, QAT and EfQAT.</summary>
public static class Trainer
{
    /// <summary>Trains until done, cancelled, or the loss is no number. With a checkpoint on disk it goes on from there, to the same bits.</summary>
    /// <exception cref="UserError">The loss or a weight is NaN or infinite, and the last good checkpoint is kept; or the checkpoint is of another run.</exception>
    public static TrainResult Run(
        nn.Module<Tensor, Tensor> model, IUpdateRule rule, IBatches train, IBatches test, TrainOptions options,
        ITrainingMonitor? monitor = null, CancellationToken cancellation = default)
    {
        if (train.BatchesPerEpoch == 0)
            throw new UserError($"{train.Name}: {train.Count} samples do not fill a batch of {train.BatchSize}; use a smaller --batch or more samples");
        long total = (long)options.Epochs * train.BatchesPerEpoch;
        var schedule = options.Schedule ?? Schedule.Constant;
        var objective = options.Objective ?? new CrossEntropy();
        var identity = options.Identity ?? new Dictionary<string, string>();
        long step = Resume(model, rule, options, identity);
        long first = step;
        var (clock, sinceSave) = (Stopwatch.StartNew(), Stopwatch.StartNew());
        double? top1 = null;

        while (step < total)
        {
            int epoch = (int)(step / train.BatchesPerEpoch);
            long seen = 0, correct = 0;
            model.train();
            using var batches = train.Epoch(epoch, (int)(step % train.BatchesPerEpoch)).GetEnumerator();
            while (true)
            {
                using var scope = NewDisposeScope();
                if (!batches.MoveNext()) break;
                var batch = batches.Current;
                rule.BeforeStep(step * train.BatchSize);
                rule.ZeroGrad();
                var (logits, loss) = objective.Of(model, batch, step);
                double value = loss.item<float>();
                if (!double.IsFinite(value)) throw Diverged(step, $"the loss is {value}", options);
                loss.backward();
                rule.Step(schedule(step));
                step++;

                seen += batch.Labels.numel();
                correct += logits.detach().argmax(1).eq(batch.Labels).sum().item<long>();
                double rate = (step - first) * train.BatchSize / clock.Elapsed.TotalSeconds;
                monitor?.OnStep(new(epoch, step, total, value, 100.0 * correct / seen, rate, TimeSpan.FromSeconds((total - step) * train.BatchSize / rate)));
                bool stop = cancellation.IsCancellationRequested;
                if (stop || sinceSave.Elapsed.TotalSeconds >= options.SaveEvery)
                {
                    Save(model, rule, options, identity, step);
                    sinceSave.Restart();
                }
                if (stop) return new(double.NaN, true, step);
            }
            rule.Commit();
            Save(model, rule, options, identity, step);  // first: the evaluation may be cancelled
            top1 = Evaluate(model, test, cancellation);
            if (top1 is null) break;
            monitor?.OnEvaluation(epoch, top1.Value);
        }
        if (step == first) top1 = Evaluate(model, test, cancellation);  // the checkpoint was of a finished run
        return new(top1 ?? double.NaN, top1 is null, step);
    }

    /// <returns>Top-1 in percent; null where cancelled.</returns>
    private static double? Evaluate(nn.Module<Tensor, Tensor> model, IBatches test, CancellationToken cancellation)
    {
        try
        {
            return Evaluator.Top1(model, test, cancellation);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static UserError Diverged(long step, string what, TrainOptions options) => new(
        $"step {step}: {what}; lower the learning rate. " +
        (File.Exists(options.Checkpoint) ? $"The last good checkpoint is {options.Checkpoint}" : "Nothing was saved"));

    private static void Save(nn.Module model, IUpdateRule rule, TrainOptions options, IReadOnlyDictionary<string, string> identity, long step)
    {
        if (options.Checkpoint is not { } path) return;
        using var scope = NewDisposeScope();
        rule.Commit();
        var state = new CheckpointState();
        foreach (var (field, value) in identity) state.Metadata[field] = value;
        state.Metadata["step"] = step.ToString();
        state.Tensors["rng"] = get_rng_state();
        state.Add(model);
        rule.Save(state, "rule.");
        foreach (var (name, tensor) in state.Tensors)
            if (!tensor.isfinite().all().item<bool>())
                throw Diverged(step, $"{name} has become NaN or infinite", options);
        state.Save(path);
    }

    private static long Resume(nn.Module model, IUpdateRule rule, TrainOptions options, IReadOnlyDictionary<string, string> identity)
    {
        if (options.Checkpoint is not { } path || !File.Exists(path)) return 0;
        using var scope = NewDisposeScope();
        var state = CheckpointState.Load(path, identity);
        try
        {
            state.CopyTo(model);
            rule.Load(state, "rule.");
            set_rng_state(state.Tensors["rng"]);
            return long.Parse(state.Metadata["step"]);
        }
        catch (Exception problem) when (problem is KeyNotFoundException or FormatException or InvalidOperationException or ArgumentException or ExternalException)
        {
            throw new UserError($"{path}: it is no checkpoint of this training ({problem.Message.Split('\n')[0]}); remove it, or choose another --out");
        }
    }
}
