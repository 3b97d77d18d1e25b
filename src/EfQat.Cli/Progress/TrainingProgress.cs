using System.Globalization;
using EfQat.Training;

namespace EfQat.Cli.Progress;

/// <summary>A training run as text: loss, accuracy, rate and time left.</summary>
sealed class TrainingProgress(IProgressView view, string name = "") : ITrainingMonitor
{
    public void OnStep(in StepInfo info) => view.Update(
        (double)info.Step / info.TotalSteps,
        string.Create(CultureInfo.InvariantCulture,
            $"{name}epoch {info.Epoch + 1}, step {info.Step}/{info.TotalSteps}, loss {info.Loss:0.000}, top-1 {info.Accuracy:0.0} %, {info.SamplesPerSecond:0} samples/s, {info.TimeLeft:hh\\:mm\\:ss} left"));

    public void OnEvaluation(int epoch, double top1) =>
        view.Line(string.Create(CultureInfo.InvariantCulture, $"{name}epoch {epoch + 1}: top-1 {top1:0.00} % on the test set"));
}
