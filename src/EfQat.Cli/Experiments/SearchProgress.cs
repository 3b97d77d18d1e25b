using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.PostTraining;

namespace EfQat.Cli.Experiments;

/// <summary>A search of scales as text.</summary>
sealed class SearchProgress(IProgressView view, string name) : IProgress<EasyQuantProgress>
{
    public void Report(EasyQuantProgress value) => view.Update(
        (double)value.Done / value.Total,
        string.Create(
            CultureInfo.InvariantCulture, $"{name}: {value.Last.Name}, 1 − cos {1 - value.Last.Before:0.0e+0} → {1 - value.Last.After:0.0e+0}"));

    public void Say(string text) => view.Update(1, $"{name}: {text}");
}
