using System.Collections.Concurrent;

namespace EfQat.Jupyter.Language;

/// <summary>
/// The thread that cells run on, the same for all of them, so that what belongs to a thread (<c>no_grad</c>, OpenMP's workers) carries over.
/// </summary>
sealed class CellThread
{
    readonly BlockingCollection<Action> work = [];
    readonly Thread thread;

    public CellThread()
    {
        thread = new(Loop, maxStackSize: 16 << 20) { IsBackground = true, Name = "cells" };
        thread.Start();
    }

    /// <summary>Runs the function there and waits; an exception comes through as it was.</summary>
    public T Run<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>();
        work.Add(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception problem)
            {
                done.SetException(problem);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Ends a sleep or a wait.</summary>
    public void Wake() => thread.Interrupt();

    /// <summary>No more work will come.</summary>
    public void Retire() => work.CompleteAdding();

    void Loop()
    {
        try
        {
            foreach (var action in work.GetConsumingEnumerable()) action();
        }
        catch (ThreadInterruptedException)
        {
            // woken too late, after the cell had ended; this thread is retired
        }
    }
}
