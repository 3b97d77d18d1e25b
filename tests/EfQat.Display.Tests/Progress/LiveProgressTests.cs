namespace EfQat.Display.Tests.Progress;

public sealed class LiveProgressTests : IDisposable
{
    readonly KeptOutputs host = new();
    readonly FakeClock clock = new();

    public LiveProgressTests() => Cell.Current = new(host, default);

    public void Dispose() => Cell.Current = null;

    [Fact]
    public void It_redraws_four_times_a_second_in_one_place_and_shows_the_end()
    {
        var progress = new LiveProgress(1000, "training", clock);
        for (int step = 1; step <= 1000; step++)
        {
            clock.Milliseconds = step; // 1000 steps in one second
            progress.Report(step);
        }
        Assert.Equal(5, host.Shown.Count); // at 1, 251, 501, 751 and 1000 ms
        Assert.Single(host.Shown.Select(s => s.Id).Distinct());
        Assert.Equal([false, true, true, true, true], host.Shown.Select(s => s.Update));
        Assert.Equal("training 1000/1000 · 1000.0/s", host.Shown[^1].Bundle["text/plain"]);
    }

    [Fact]
    public void Time_left_follows_from_the_rate()
    {
        var progress = new LiveProgress(100, "epoch", clock);
        clock.Milliseconds = 10_000;
        progress.Report(25, "loss 0.5");
        Assert.Equal("epoch 25/100 · 2.5/s · 00:00:30 left loss 0.5", host.Shown[0].Bundle["text/plain"]);
        Assert.Contains("<progress value=\"25\" max=\"100\">", host.Shown[0].Bundle["text/html"]);
    }

    [Fact]
    public void Steps_of_an_earlier_run_do_not_count_for_the_rate()
    {
        var progress = new LiveProgress(1000, "resumed", clock) { From = 800 };
        progress.Report(800);
        clock.Milliseconds = 10_000;
        progress.Report(900);
        Assert.Equal(["resumed 800/1000 · 0.0/s", "resumed 900/1000 · 10.0/s · 00:00:10 left"], host.Shown.Select(s => s.Bundle["text/plain"]));
    }

    [Fact]
    public void More_than_all_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new LiveProgress(3).Report(4));
}
