using System.Collections.Concurrent;

namespace EfQat.Jupyter.Language;

/// <summary>
/// Brings what follows an await back to the cell's thread, where Stop can end it. While that thread is busy, or waits for a task as in
/// <c>task.Result</c>, continuations move to the thread pool after a moment, so that waiting is never a deadlock.
/// </summary>
sealed class CellSynchronization : SynchronizationContext, IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);
    readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State, long Since)> waiting = new();
    readonly BlockingCollection<(SendOrPostCallback Callback, object? State, long Since)> queue;
    readonly Timer timer;
    volatile bool isIdle;

    public CellSynchronization()
    {
        queue = new(waiting);
        timer = new(_ => MoveOverdue(), null, Patience, Patience);
    }

    public override void Post(SendOrPostCallback callback, object? state) => queue.Add((callback, state, Environment.TickCount64));

    /// <summary>Runs continuations until the task is done.</summary>
    public void RunUntil(Task task)
    {
        task.ContinueWith(_ => Post(_ => { }, null), TaskScheduler.Default); // wakes the loop
        while (!task.IsCompleted)
        {
            isIdle = true;
            var (callback, state, _) = queue.Take();
            isIdle = false;
            callback(state);
        }
    }

    public void Dispose() => timer.Dispose();

    void MoveOverdue()
    {
        while (!isIdle && waiting.TryPeek(out var oldest) && Environment.TickCount64 - oldest.Since >= Patience.TotalMilliseconds && queue.TryTake(out var next))
            ThreadPool.QueueUserWorkItem(_ => next.Callback(next.State));
    }
}
