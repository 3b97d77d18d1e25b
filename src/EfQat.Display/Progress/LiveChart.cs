using System.Globalization;

namespace EfQat.Display;

/// <summary>
/// A value of a long computation as a curve that grows while it runs, with <see cref="LiveProgress"/>' bar, rate and time left above it:
/// <code>
/// var live = new LiveChart(total: 500, what: "training", value: "loss");
/// for (int step = 1; step &lt;= 500; step++)
///     live.Report(step, TrainStep());
/// </code>
/// While it runs it is a small static picture, redrawn at most four times a second; the last step leaves the interactive chart. Outside
/// notebooks it prints a line for each tenth. In a long run a point is the mean of neighbouring steps: there are never more than 400.
/// </summary>
public sealed class LiveChart
{
    readonly string value;
    readonly LiveProgress progress;
    readonly ThinningCurve curve = new(limit: 400);
    long done;
    double last = double.NaN;
    string note = "";

    /// <summary>A chart without points yet; the clock starts.</summary>
    /// <param name="total">How many steps there are.</param>
    /// <param name="what">What is being done.</param>
    /// <param name="value">What the curve shows.</param>
    /// <param name="from">How many steps were done before, in a run that was resumed.</param>
    /// <param name="time">The clock; null: the system's.</param>
    public LiveChart(long total, string what = "", string value = "loss", long from = 0, TimeProvider? time = null)
    {
        this.value = value;
        progress = new(total, what, time) { From = from, Chart = Draw };
    }

    /// <summary>The value after so many steps.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="done"/> is negative or above the total.</exception>
    public void Report(long done, double value)
    {
        curve.Add(done, value);
        (this.done, last) = (done, value);
        Show();
    }

    /// <summary>A text that stays behind the numbers, for example the accuracy after an epoch.</summary>
    public void Note(string note)
    {
        this.note = $" · {note}";
        if (Cell.Current is null) Console.WriteLine(note);
        else Show();
    }

    void Show() => progress.Report(done, string.Create(CultureInfo.InvariantCulture, $"· {value} {last:0.000}{note}"));

    GenericChart Draw() => Chart
        .Line<double, double, string>(x: curve.Points.Select(p => p.X), y: curve.Points.Select(p => p.Y), LineColor: MethodColors.Qat, LineWidth: 1.5)
        .WithXAxisStyle<int, int, string>(TitleText: "step")
        .WithYAxisStyle<int, int, string>(TitleText: value)
        .WithSize(Height: 280);
}
