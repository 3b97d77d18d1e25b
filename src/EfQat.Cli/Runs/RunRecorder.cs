using System.Diagnostics;
using EfQat.Training;

namespace EfQat.Cli.Runs;

/// <summary>Keeps a run's record and TensorBoard's events up to date while another monitor shows it.</summary>
sealed class RunRecorder : ITrainingMonitor, IDisposable
{
    readonly ITrainingMonitor shown;
    readonly string folder;
    readonly EventFile events;
    readonly Stopwatch clock = Stopwatch.StartNew();
    readonly double secondsBefore;
    RunRecord record;
    double losses, accuracy;
    int steps;
    long last;

    /// <summary>Begins a record, or goes on with the one in the folder where it is of the same settings.</summary>
    /// <param name="shown">Sees everything too.</param>
    /// <param name="folder">Of the run.</param>
    /// <param name="command">The words after <c>efqat</c>.</param>
    /// <param name="settings">What the checkpoint must agree with.</param>
    /// <param name="device">cpu or cuda.</param>
    public RunRecorder(ITrainingMonitor shown, string folder, string command, IReadOnlyDictionary<string, string> settings, string device)
    {
        (this.shown, this.folder) = (shown, folder);
        record = new(command, settings, RunRecord.CurrentVersions, Diagnosis.Machine.Cpu, device, DateTime.UtcNow, 0, RunState.Running, []);
        if (File.Exists(Path.Combine(folder, RunRecord.FileName)) && RunRecord.Load(folder) is var before && Same(before.Settings, settings))
            record = record with { Started = before.Started, Seconds = before.Seconds, Epochs = before.Epochs };
        secondsBefore = record.Seconds;
        events = new(folder, TimeProvider.System);
        Save(RunState.Running);
    }

    /// <inheritdoc/>
    public void OnStep(in StepInfo info)
    {
        shown.OnStep(info);
        losses += info.Loss;
        steps++;
        (accuracy, last) = (info.Accuracy, info.Step);
        events.Add(info.Step, ("loss/train", info.Loss), ("top1/train", info.Accuracy), ("samples_per_second", info.SamplesPerSecond));
    }

    /// <inheritdoc/>
    public void OnEvaluation(int epoch, double top1)
    {
        shown.OnEvaluation(epoch, top1);
        events.Add(last, ("top1/test", top1));
        record = record with
        {
            Epochs = [.. record.Epochs.TakeWhile(one => one.Epoch <= epoch), new(epoch + 1, last, losses / steps, accuracy, top1)],
        };
        (losses, steps) = (0, 0);
        Save(RunState.Running);
    }

    /// <summary>Says how it ended; a run that ends without is one that failed.</summary>
    public void End(bool interrupted) => Save(interrupted ? RunState.Interrupted : RunState.Finished);

    /// <inheritdoc/>
    public void Dispose()
    {
        events.Dispose();
        if (record.State == RunState.Running) Save(RunState.Failed);
    }

    void Save(RunState state)
    {
        record = record with { State = state, Seconds = Math.Round(secondsBefore + clock.Elapsed.TotalSeconds, 1) };
        record.Save(folder);
    }

    static bool Same(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
        a.Count == b.Count && a.All(pair => b.GetValueOrDefault(pair.Key) == pair.Value);
}
