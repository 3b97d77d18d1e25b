using System.Globalization;

namespace EfQat.Cli.Progress;

/// <summary>Progress for a log file: every line is kept, a step at most every ten seconds.</summary>
public sealed class LogView(TextWriter log, TimeProvider time) : IProgressView
{
    /// <summary>The least time between two steps in the log.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    long last = time.GetTimestamp();

    /// <inheritdoc/>
    public void Update(double fraction, string text)
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(last, now) < Interval)
            return;
        last = now;
        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fraction,4:0 %}  {text}"));
    }

    /// <inheritdoc/>
    public void Line(string text) => log.WriteLine(text);
}
