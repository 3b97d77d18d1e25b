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
/// <param name="Workers">Processes that share the work; null: this one alone. The batch size is that of all together.</param>
/// <param name="BatchNormBatches">Of training, an epoch at most, that <see cref="BatchNormStatistics.Reestimate"/> sees after the last step; 0: it is not done.</param>
public sealed record TrainOptions(
    int Epochs, Func<long, double>? Schedule = null, IObjective? Objective = null,
    string? Checkpoint = null, IReadOnlyDictionary<string, string>? Identity = null, double SaveEvery = 60, WorkerGroup? Workers = null,
    int BatchNormBatches = 0);

/// <summary>One step, as a monitor sees it.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Step">Steps done in all.</param>
/// <param name="TotalSteps">Of the whole run.</param>
/// <param name="Loss">Of this batch, all workers' shares.</param>
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
/// <param name="BytesPerStep">That a worker sent to others in a step, on average; 0 alone.</param>
public readonly record struct TrainResult(double Top1, bool Interrupted, long Steps, double BytesPerStep = 0);

/// <summary>The training loop, shared by FP32 training, QAT and EfQAT.</summary>
public static class Trainer
{
    /// <summary>Trains until done, cancelled, or the loss is no number. With a checkpoint on disk it goes on from there, to the same bits.</summary>
    /// <exception cref="UserError">
    /// The loss or a weight is NaN or infinite, or a worker is lost, and the last good checkpoint is kept; or the checkpoint is of another run.
    /// </exception>
    public static TrainResult Run(
        nn.Module<Tensor, Tensor> model, IUpdateRule rule, IBatches train, IBatches test, TrainOptions options,
        ITrainingMonitor? monitor = null, CancellationToken cancellation = default)
    {
        if (train.BatchesPerEpoch == 0)
            throw new UserError($"{train.Name}: {train.Count} samples do not fill a batch of {train.BatchSize}; use a smaller --batch or more samples");
        if (options.Workers is { } all && train.BatchSize % all.Count != 0)
            throw new UserError($"batch {train.BatchSize}: it cannot be shared evenly among {all.Count} workers; use a multiple of {all.Count}");
        try
        {
            return Loop(model, rule, train, test, options, monitor, cancellation);
        }
        catch (WorkerLostException problem)
        {
            throw new UserError($"{problem.Message}; {(File.Exists(options.Checkpoint) ? $"the same command goes on from {options.Checkpoint}" : "nothing was saved")}");
        }
    }

    private static TrainResult Loop(
        nn.Module<Tensor, Tensor> model, IUpdateRule rule, IBatches train, IBatches test, TrainOptions options,
        ITrainingMonitor? monitor, CancellationToken cancellation)
    {
        var workers = options.Workers;
        using var reduction = workers is null ? null : new GradientReduction(workers, model);
        long total = (long)options.Epochs * train.BatchesPerEpoch;
        var schedule = options.Schedule ?? Schedule.Constant;
        var objective = options.Objective ?? new CrossEntropy();
        var identity = options.Identity ?? new Dictionary<string, string>();
        long step = Resume(model, rule, options, identity);
        if (workers is not null) BeginTogether(workers, model, rule, options, identity, step);
        long first = step;
        var (clock, sinceSave) = (Stopwatch.StartNew(), Stopwatch.StartNew());
        double? top1 = null;

        while (step < total)
        {
            int epoch = (int)(step / train.BatchesPerEpoch);
            long seen = 0, correct = 0;
            model.train();
            using var batches = train.Epoch(epoch, (int)(step % train.BatchesPerEpoch), workers?.Shard ?? default).GetEnumerator();
            while (true)
            {
                using var scope = NewDisposeScope();
                if (!batches.MoveNext()) break;
                var batch = batches.Current;
                rule.BeforeStep(step * train.BatchSize);
                rule.ZeroGrad();
                reduction?.Begin();
                var (logits, loss) = objective.Of(model, batch, step);
                loss.backward();
                var facts = new StepFacts(
                    loss.item<float>(), batch.Labels.numel(), logits.detach().argmax(1).eq(batch.Labels).sum().item<long>(),
                    Save: sinceSave.Elapsed.TotalSeconds >= options.SaveEvery, Stop: cancellation.IsCancellationRequested);
                if (reduction is not null) facts = facts.Of(reduction, workers!.Count);
                if (!double.IsFinite(facts.Loss)) throw Diverged(step, $"the loss is {facts.Loss}", options);
                rule.Step(schedule(step));
                step++;

                seen += facts.Seen;
                correct += facts.Correct;
                double rate = (step - first) * train.BatchSize / clock.Elapsed.TotalSeconds;
                monitor?.OnStep(new(epoch, step, total, facts.Loss, 100.0 * correct / seen, rate, TimeSpan.FromSeconds((total - step) * train.BatchSize / rate)));
                if (facts.Stop || facts.Save)
                {
                    Save(model, rule, options, identity, step);
                    sinceSave.Restart();
                }
                if (facts.Stop) return new(double.NaN, true, step);
            }
            rule.Commit();
            if (step == total && options.BatchNormBatches > 0)
                BatchNormStatistics.Reestimate(model, Evaluator.InScopes(train.Epoch(options.Epochs, shard: workers?.Shard ?? default).Take(options.BatchNormBatches)));
            if (workers is not null)
            {
                workers.TakeFirst(model.buffers());
                workers.CheckEqual(model);
            }
            Save(model, rule, options, identity, step);  // first: the evaluation may be cancelled
            top1 = Evaluate(model, test, workers, cancellation);
            if (top1 is null) break;
            monitor?.OnEvaluation(epoch, top1.Value);
        }
        if (step == first) top1 = Evaluate(model, test, workers, cancellation);  // the checkpoint was of a finished run
        return new(top1 ?? double.NaN, top1 is null, step, reduction is null || step == first ? 0 : reduction.BytesSent / (step - first));
    }

    /// <returns>Top-1 in percent; null where cancelled.</returns>
    private static double? Evaluate(nn.Module<Tensor, Tensor> model, IBatches test, WorkerGroup? workers, CancellationToken cancellation)
    {
        double seen = double.NaN, correct = 0;
        try
        {
            (seen, correct) = Evaluator.Count(model, test, workers?.Shard ?? default, cancellation);
        }
        catch (OperationCanceledException) { }
        if (workers is not null && workers.Sum(seen, correct) is var sums) (seen, correct) = (sums[0], sums[1]);
        return double.IsNaN(seen) ? null : 100 * correct / seen;
    }

    /// <summary>All begin with the first one's model, at the same step, and choose the rows that it chooses.</summary>
    private static void BeginTogether(
        WorkerGroup workers, nn.Module model, IUpdateRule rule, TrainOptions options, IReadOnlyDictionary<string, string> identity, long step)
    {
        if (workers.Sum(step)[0] != step * workers.Count)
            throw new UserError($"worker {workers.Rank} of {workers.Count}: it goes on from step {step} and others do not; let all of them see the same --out");
        workers.TakeFirst(model.state_dict().Values);
        if (rule is EfQatUpdate update) update.Schedule.Agree = choice => workers.TakeFirst([choice]);
        if (step == 0) Save(model, rule, options, identity, step);  // whenever a worker is lost, there is a checkpoint
    }

    private static UserError Diverged(long step, string what, TrainOptions options) => new(
        $"step {step}: {what}; lower the learning rate. " +
        (File.Exists(options.Checkpoint) ? $"The last good checkpoint is {options.Checkpoint}" : "Nothing was saved"));

    private static void Save(nn.Module model, IUpdateRule rule, TrainOptions options, IReadOnlyDictionary<string, string> identity, long step)
    {
        if (options.Checkpoint is not { } path) return;
        using var scope = NewDisposeScope();
        var random = options.Workers is { } workers ? workers.Gather(get_rng_state()) : get_rng_state();
        if (options.Workers is { Rank: > 0 }) return;
        rule.Commit();
        var state = new CheckpointState();
        foreach (var (field, value) in identity) state.Metadata[field] = value;
        state.Metadata["step"] = step.ToString();
        state.Tensors["rng"] = random;  // [n], or [workers, n]
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
            var random = state.Tensors["rng"];
            set_rng_state(random.ndim == 1 ? random : random[(options.Workers?.Rank ?? 0) % random.shape[0]].clone());
            return long.Parse(state.Metadata["step"]);
        }
        catch (Exception problem) when (problem is KeyNotFoundException or FormatException or InvalidOperationException or ArgumentException or ExternalException)
        {
            throw new UserError($"{path}: it is no checkpoint of this training ({problem.Message.Split('\n')[0]}); remove it, or choose another --out");
        }
    }

    /// <summary>What is known after a step's backward pass.</summary>
    private readonly record struct StepFacts(double Loss, long Seen, long Correct, bool Save, bool Stop)
    {
        /// <summary>Of all workers, gradients included: when one has to save or to stop, all do after the same step.</summary>
        public StepFacts Of(GradientReduction reduction, int workers)
        {
            double[] sums = reduction.Finish(Loss, Seen, Correct, Save ? 1 : 0, Stop ? 1 : 0);
            return new(sums[0] / workers, (long)sums[1], (long)sums[2], sums[3] > 0, sums[4] > 0);
        }
    }
}
