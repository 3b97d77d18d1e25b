using System.Globalization;
using System.Net;

namespace EfQat.Display;

/// <summary>
/// A progress bar in the cell's output, with rate and time left. It redraws at most four times a second, however often it is told; outside
/// notebooks it prints a line for each tenth.
/// </summary>
/// <param name="total">How many steps there are.</param>
/// <param name="what">What is being done.</param>
/// <param name="time">The clock; null: the system's.</param>
public sealed class LiveProgress(long total, string what = "", TimeProvider? time = null)
{
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    readonly TimeProvider time = time ?? TimeProvider.System;
    readonly long start = (time ?? TimeProvider.System).GetTimestamp();
    DisplayedValue? shown;
    TimeSpan drawn = -Interval;
    long tenth = -1;

    /// <summary>How many steps were done before the clock started, as in a run that was resumed; they do not count for the rate.</summary>
    public long From { get; init; }

    /// <summary>Drawn below the bar as a picture, and in place of the bar at the end, then interactive.</summary>
    internal Func<GenericChart>? Chart { get; init; }

    /// <summary>Says how far the work is; <paramref name="note"/> stands behind the numbers, for example the loss.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="done"/> is negative or above the total.</exception>
    public void Report(long done, string note = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(done);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(done, total);
        var elapsed = time.GetElapsedTime(start);
        if (Cell.Current is null)
        {
            if (tenth == (tenth = 10 * done / Math.Max(1, total))) return;
            Console.WriteLine(Text(done, elapsed, note));
            return;
        }
        if (done < total && elapsed - drawn < Interval) return;
        drawn = elapsed;
        var drawing = Draw(done, Text(done, elapsed, note), Chart?.Invoke());
        if (shown is null) shown = Notebook.display(drawing);
        else shown.Update(drawing);
    }

    object Draw(long done, string text, GenericChart? chart) =>
        chart is not null && done == total
            ? chart.WithTitle(text)
            : MimeBundle.Html(
                $"<progress value=\"{done}\" max=\"{total}\"></progress> {WebUtility.HtmlEncode(text)}" +
                (chart is null ? "" : $"<br>{NotebookChart.Picture(chart)}"), text);

    string Text(long done, TimeSpan elapsed, string note)
    {
        double rate = (done - From) / Math.Max(1e-3, elapsed.TotalSeconds);
        string left = rate <= 0 || done == total ? "" : $" · {TimeSpan.FromSeconds((total - done) / rate):hh\\:mm\\:ss} left";
        return string.Create(CultureInfo.InvariantCulture, $"{what} {done}/{total} · {rate:0.0}/s{left} {note}").Trim();
    }
}
