using Spectre.Console;

namespace EfQat.Cli.Progress;

/// <summary>Progress on standard error: a live bar on a terminal, a line now and then in a log, nothing when quiet.</summary>
public static class ProgressView
{
    /// <summary>Runs <paramref name="work"/> with the view that fits.</summary>
    public static T Show<T>(bool quiet, Func<IProgressView, T> work)
    {
        if (quiet)
            return work(new Silence());
        if (Console.IsErrorRedirected || Environment.GetEnvironmentVariable("CI") == "true")
            return work(new LogView(Console.Error, TimeProvider.System));
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .HideCompleted(true)
            .AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => work(new LiveView(console, context.AddTask("starting", maxValue: 1))));
    }

    sealed class Silence : IProgressView
    {
        public void Update(double fraction, string text) { }

        public void Line(string text) { }
    }

    sealed class LiveView(IAnsiConsole console, ProgressTask task) : IProgressView
    {
        public void Update(double fraction, string text)
        {
            task.Value = fraction;
            task.Description = Markup.Escape(text);
        }

        public void Line(string text) => console.WriteLine(text);
    }
}
