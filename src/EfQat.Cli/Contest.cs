using System.Diagnostics;

namespace EfQat.Cli;

/// <summary>One that is timed beside others.</summary>
/// <param name="Run">Runs once and returns milliseconds.</param>
record Entrant(Func<double> Run)
{
    /// <summary>Of each turn.</summary>
    public List<double> Times { get; } = [];

    /// <summary>Of them.</summary>
    public double Median => Training.Statistics.Median(Times);
}

/// <summary>Engines that take turns in one process: what slows the machine down for a while meets all of them.</summary>
static class Contest
{
    const int WarmUp = 2;

    /// <summary>Idle threads of libtorch and ONNX Runtime wait by spinning: let them fall asleep before the next has its turn.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Threads that slept wake up on one core; so long they run untimed, until each has its own.</summary>
    static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);

    /// <summary>Times every entrant once a turn, in an order drawn anew.</summary>
    /// <param name="entrants">They keep their times.</param>
    /// <param name="turns">Timed ones.</param>
    /// <param name="progress">Told after each turn.</param>
    /// <param name="ended">Called after each timed turn.</param>
    /// <param name="token">Stops it.</param>
    public static void Run(IReadOnlyList<Entrant> entrants, int turns, Action<double, string> progress, Action ended, CancellationToken token)
    {
        Entrant[] order = [.. entrants];
        var random = new Random(1);
        for (int turn = 1 - WarmUp; turn <= turns; turn++)
        {
            random.Shuffle(order);
            foreach (var entrant in order)
            {
                token.ThrowIfCancellationRequested();
                Thread.Sleep(Pause);
                for (var clock = Stopwatch.StartNew(); clock.Elapsed < Settling;) entrant.Run();
                double time = entrant.Run();
                if (turn > 0) entrant.Times.Add(time);
            }
            if (turn > 0) ended();
            progress((turn + WarmUp) / (double)(turns + WarmUp), turn > 0 ? $"turn {turn}/{turns}" : "warming up");
        }
    }
}
