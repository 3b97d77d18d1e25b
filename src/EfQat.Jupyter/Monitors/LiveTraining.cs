using System.Globalization;
using EfQat.Display;
using EfQat.Training;

namespace EfQat.Jupyter.Monitors;

/// <summary>
/// Shows a training run in its cell: progress, the loss as a curve, the accuracy after each epoch. Stop ends the run with its results so far:
/// <code>
/// var result = Trainer.Run(model, rule, train, test, options, new LiveTraining("QAT"), Cell.Token);
/// </code>
/// One monitor watches one run.
/// </summary>
/// <param name="what">What is trained.</param>
/// <param name="time">The clock; null: the system's.</param>
public sealed class LiveTraining(string what = "training", TimeProvider? time = null) : ITrainingMonitor
{
    LiveChart? chart;

    /// <inheritdoc/>
    public void OnStep(in StepInfo info)
    {
        chart ??= new(info.TotalSteps, what, "loss", from: info.Step, time); // a resumed run does not begin at 0
        chart.Report(info.Step, info.Loss);
    }

    /// <inheritdoc/>
    public void OnEvaluation(int epoch, double top1) =>
        chart?.Note(string.Create(CultureInfo.InvariantCulture, $"top-1 {top1:0.00} % after epoch {epoch + 1}"));
}
