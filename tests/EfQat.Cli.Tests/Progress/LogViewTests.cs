using EfQat.Cli.Progress;

namespace EfQat.Cli.Tests;

public sealed class LogViewTests
{
    sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * 1000);
    }

    [Fact]
    public void A_step_is_logged_every_ten_seconds_and_a_line_always()
    {
        var clock = new Clock();
        using var log = new StringWriter { NewLine = "\n" };
        var view = new LogView(log, clock);
        for (var second = 1; second <= 25; second++)
        {
            clock.Seconds = second;
            view.Update(second / 100.0, $"step {second}");
            if (second == 12)
                view.Line("evaluated");
        }
        Assert.Equal("10 %  step 10\nevaluated\n20 %  step 20\n", log.ToString());
    }
}
