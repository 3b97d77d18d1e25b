using System.Runtime.InteropServices;

namespace EfQat.Cli;

/// <summary>Ctrl-C and SIGTERM: the first asks the command to stop cleanly, the second ends the process.</summary>
public sealed class Interrupt : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration[] signals;
    readonly TextWriter error;

    /// <summary>Listens from now on; says on <paramref name="error"/> what a signal does.</summary>
    public Interrupt(TextWriter error)
    {
        this.error = error;
        signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(s => PosixSignalRegistration.Create(s, OnSignal))];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        foreach (var signal in signals)
            signal.Dispose();
        source.Dispose();
    }

    void OnSignal(PosixSignalContext signal)
    {
        if (source.IsCancellationRequested)
            Environment.Exit(CommandLine.Interrupted);
        signal.Cancel = true; // the process goes on, to save its work
        error.WriteLine("interrupted: stopping after this step; Ctrl-C again ends at once");
        source.Cancel();
    }
}
