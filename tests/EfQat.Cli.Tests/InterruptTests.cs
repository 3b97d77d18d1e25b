using System.Diagnostics;

namespace EfQat.Cli.Tests;

public sealed class InterruptTests
{
    [Fact]
    public void The_first_signal_asks_to_stop_and_the_process_lives_on()
    {
        using var message = new StringWriter();
        using var interrupt = new Interrupt(message);
        Assert.False(interrupt.Token.IsCancellationRequested);

        using var kill = Process.Start("kill", ["-TERM", $"{Environment.ProcessId}"]);
        kill.WaitForExit();

        Assert.True(interrupt.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(10)));
        Assert.StartsWith("interrupted: ", message.ToString());
    }
}
