using System.Runtime;
using EfQat.Display;

namespace EfQat.Jupyter.Language;

/// <summary>The cell was stopped from outside.</summary>
sealed class CellStoppedException : Exception;

/// <summary>Runs one cell at a time so that it can be stopped.</summary>
sealed class CellRunner
{
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5), Moment = TimeSpan.FromMilliseconds(50), Nap = TimeSpan.FromMilliseconds(250);
    volatile Run? current;
    CellThread thread = new();

    /// <summary>Runs a cell, with everything that follows its awaits, and waits for it.</summary>
    /// <exception cref="CellStoppedException">It was stopped.</exception>
    public T Execute<T>(Func<Task<T>> body, ICellHost host)
    {
        var run = new Run(thread, host);
        current = run;
        try
        {
            return thread.Run(() => run.Execute(body));
        }
        catch (Exception problem) when (run.WasAborted || run.WasStopped && problem is OperationCanceledException)
        {
            throw new CellStoppedException();
        }
        finally
        {
            current = null;
            run.Done.Set();
            if (run.WasAborted) // the runtime does not promise that such a thread can be aborted again
            {
                thread.Retire();
                thread = new();
            }
        }
    }

    /// <summary>
    /// Asks the running cell to end: first by its token, which gets a grace where the cell looks at it; then by aborting its code; then by
    /// waking it from sleep. Returns at once.
    /// </summary>
    public void Interrupt()
    {
        if (current is { } run) new Thread(run.Stop) { IsBackground = true, Name = "stop" }.Start();
    }

    sealed class Run(CellThread thread, ICellHost host)
    {
        readonly CancellationTokenSource token = new(), abort = new();
        Cell? cell;

        public ManualResetEventSlim Done { get; } = new();

        public bool WasStopped => token.IsCancellationRequested;

        public bool WasAborted => abort.IsCancellationRequested;

        public T Execute<T>(Func<Task<T>> body)
        {
            Cell.Current = cell = new(host, token.Token);
            using var synchronization = new CellSynchronization();
            SynchronizationContext.SetSynchronizationContext(synchronization);
            Task<T>? task = null;
            try
            {
#pragma warning disable SYSLIB0046 // the one way to end a loop that asks nobody
                ControlledExecution.Run(
                    () =>
                    {
                        task = body();
                        synchronization.RunUntil(task);
                    }, abort.Token);
#pragma warning restore SYSLIB0046
                return task!.GetAwaiter().GetResult();
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(null);
                Cell.Current = null;
            }
        }

        public void Stop()
        {
            token.Cancel();
            if (Done.Wait(cell is { WatchesToken: true } ? Grace : Moment)) return;
            new Thread(abort.Cancel) { IsBackground = true, Name = "abort" }.Start(); // blocks while the cell is in native code
            while (!Done.Wait(Nap)) thread.Wake();
        }
    }
}
