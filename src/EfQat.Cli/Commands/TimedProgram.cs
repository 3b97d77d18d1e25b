using System.Diagnostics;
using EfQat.Display;
using EfQat.Integer.Program;
using EfQat.Training;
using Convolution = EfQat.Integer.Program.Convolution;

namespace EfQat.Cli.Commands;

/// <summary>One step of a program.</summary>
/// <param name="Name">Of the step.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Size">Of its result.</param>
/// <param name="Kernel">Of a convolution.</param>
/// <param name="Ms">Median.</param>
/// <param name="Share">Of the whole program's time.</param>
/// <param name="GopPerSecond">Of what multiplies: two for a multiply-add.</param>
sealed record StepRow(string Name, string Kind, string Size, string Kernel, double Ms, double Share, double? GopPerSecond);

/// <summary>An integer program and the time that each of its steps takes.</summary>
sealed class TimedProgram(IntegerSession session)
{
    readonly long[] ticks = new long[session.Program.Steps.Count];
    readonly float[] logits = new float[session.Program.Classes];
    readonly List<double[]> turns = [];

    /// <summary>How many threads.</summary>
    public int Threads => session.Threads;

    /// <summary>10⁹ operations of one run, two for a multiply-add of its convolutions and linear layers.</summary>
    public double GigaOperations { get; } = Enumerable.Range(0, session.Program.Steps.Count).Sum(step => Operations(session.Program, step) ?? 0) / 1e9;

    /// <summary>Runs it on an image.</summary>
    /// <returns>Milliseconds, and the class with the highest logit.</returns>
    public (double Ms, int Class) Run(ReadOnlySpan<float> pixels)
    {
        long start = Stopwatch.GetTimestamp();
        session.Run(pixels, logits, ticks);
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, Array.IndexOf(logits, logits.Max()));
    }

    /// <summary>The steps' times of the last run count.</summary>
    public void Keep() => turns.Add([.. ticks.Select(count => 1e3 * count / Stopwatch.Frequency)]);

    /// <summary>Medians of the runs that count.</summary>
    public StepRow[] Steps()
    {
        double[] medians = [.. ticks.Select((_, step) => Statistics.Median(turns.Select(turn => turn[step])))];
        return
        [
            .. session.Program.Steps.Select((step, i) => new StepRow(
                step.Name, step.GetType().Name, $"{session.Program.Shapes[i]}", session.Kernels[i]?.Kind.ToString() ?? "", medians[i], medians[i] / medians.Sum(),
                Operations(session.Program, i) / medians[i] / 1e6)),
        ];
    }

    /// <summary>Steps for a reader.</summary>
    public static ResultTable Table(IEnumerable<StepRow> steps) => ResultTable.Of(steps)
        .Column("Step", r => r.Name)
        .Column("Kind", r => r.Kind)
        .Column("Result", r => r.Size)
        .Column("Kernel", r => r.Kernel)
        .Column("Time", r => r.Ms, "ms", "0.0000")
        .Column("Share", r => r.Share, null, "0.0 %")
        .Column("Speed", r => r.GopPerSecond, "GOP/s", "0.0");

    static double? Operations(IntegerProgram program, int step) => program.Steps[step] switch
    {
        Convolution { Layer.Weights.Length: var weights } => 2.0 * program.Shapes[step].Height * program.Shapes[step].Width * weights,
        LinearLogits { Weights.Length: var weights } => 2.0 * weights,
        _ => null,
    };
}
