using System.Runtime.CompilerServices;

namespace EfQat.Integer.Kernels;

/// <summary>Work that threads share: each is told which part is its own.</summary>
public interface IJob
{
    /// <summary>Does one part.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <param name="threads">Of how many.</param>
    void Run(int index, int threads);
}

/// <summary>
/// Threads that do a job together, the caller among them. Which thread does what depends on nothing but the sizes, and starting a job allocates
/// nothing. One caller at a time.
/// </summary>
public sealed unsafe class Workers : IDisposable
{
    /// <summary>How long a thread looks out for its next job before it falls asleep: some 50 µs, longer than between two layers.</summary>
    const int Spins = 1000;

    readonly Thread[] others;
    readonly object gate = new();
    delegate*<void*, int, int, void> run;
    void* job;
    volatile int turn;
    int running;

    /// <param name="threads">How many work together; 1 starts none.</param>
    public Workers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        others = [.. Enumerable.Range(1, threads - 1).Select(index => new Thread(() => Work(index)) { IsBackground = true })];
        foreach (var thread in others) thread.Start();
    }

    /// <summary>How many, the caller among them.</summary>
    public int Threads => others.Length + 1;

    /// <summary>What of so many items falls to one of the threads: from, and to excluded.</summary>
    public static (int From, int To) Part(int items, int index, int threads) =>
        ((int)((long)items * index / threads), (int)((long)items * (index + 1) / threads));

    /// <summary>Returns when all parts are done. A part must not throw.</summary>
    public void Run<TJob>(TJob job) where TJob : struct, IJob
    {
        if (others.Length > 0) Start(&Invoke<TJob>, Unsafe.AsPointer(ref job));
        job.Run(0, Threads);
        for (var wait = new SpinWait(); Volatile.Read(ref running) > 0;) wait.SpinOnce(sleep1Threshold: -1);
    }

    static void Invoke<TJob>(void* job, int index, int threads) where TJob : struct, IJob => Unsafe.AsRef<TJob>(job).Run(index, threads);

    void Start(delegate*<void*, int, int, void> run, void* job)
    {
        lock (gate)
        {
            this.run = run;
            this.job = job;
            running = others.Length;
            turn++;
            Monitor.PulseAll(gate);
        }
    }

    void Work(int index)
    {
        for (int done = 0; ; done++)
        {
            for (int spin = 0; turn == done && spin < Spins; spin++) Thread.SpinWait(1);
            lock (gate)
                while (turn == done) Monitor.Wait(gate);
            if (run == null) return;
            run(job, index, Threads);
            Interlocked.Decrement(ref running);
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        Start(null, null);
        foreach (var thread in others) thread.Join();
    }
}
