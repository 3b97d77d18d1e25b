using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EfQat.Integer.Kernels;

/// <summary>Work cut into pieces that threads share.</summary>
public interface IJob
{
    /// <summary>Does one piece.</summary>
    /// <param name="piece">Which, from 0.</param>
    /// <param name="thread">Who does it, from 0: whose memory to work in.</param>
    void Run(int piece, int thread);
}

/// <summary>
/// Threads that do a job together, the caller among them. Each begins with a part of its own, the same in every job, so that it finds in its cache
/// what it wrote there; then it helps the others, since cores are seldom equally fast, and one may still be asleep. Starting a job allocates nothing.
/// One caller at a time.
/// </summary>
public sealed unsafe class Workers : IDisposable
{
    /// <summary>How long a thread looks out for its next job before it falls asleep: some 50 µs, longer than between two layers.</summary>
    const int Spins = 1000;

    readonly Thread[] others;
    readonly object gate = new();
    readonly Counter[] next;
    delegate*<Workers, nint, int, void> run;
    int pieces, busy;
    volatile nint job;
    volatile int turn;
    volatile bool isOver;

    /// <summary>Alone on its cache line.</summary>
    [StructLayout(LayoutKind.Sequential, Size = PinnedMemory<byte>.Alignment)]
    struct Counter
    {
        public int Piece;
    }

    /// <param name="threads">How many work together; 1 starts none.</param>
    public Workers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        next = new Counter[threads];
        others = [.. Enumerable.Range(1, threads - 1).Select(index => new Thread(() => Work(index)) { IsBackground = true })];
        foreach (var thread in others) thread.Start();
    }

    /// <summary>How many, the caller among them.</summary>
    public int Threads => next.Length;

    /// <summary>What of so many items falls to one of so many parts: from, and to excluded.</summary>
    public static (int From, int To) Part(int items, int index, int parts) =>
        ((int)((long)items * index / parts), (int)((long)items * (index + 1) / parts));

    /// <summary>Returns when all pieces are done. A piece must not throw.</summary>
    public void Run<TJob>(TJob job, int pieces) where TJob : struct, IJob
    {
        if (Threads == 1 || pieces == 1)
        {
            for (int piece = 0; piece < pieces; piece++) job.Run(piece, 0);
            return;
        }
        for (int part = 0; part < Threads; part++) next[part].Piece = Part(pieces, part, Threads).From;
        this.pieces = pieces;
        run = &Share<TJob>;
        this.job = (nint)Unsafe.AsPointer(ref job);
        Wake();
        Share<TJob>(this, this.job, 0);
        Interlocked.Exchange(ref this.job, 0); // who has not begun need not any more
        for (var wait = new SpinWait(); Volatile.Read(ref busy) > 0;) wait.SpinOnce(sleep1Threshold: -1);
    }

    static void Share<TJob>(Workers workers, nint job, int thread) where TJob : struct, IJob
    {
        int threads = workers.Threads;
        for (int i = 0; i < threads; i++)
        {
            int part = (thread + i) % threads, end = Part(workers.pieces, part, threads).To;
            for (int piece; (piece = Interlocked.Increment(ref workers.next[part].Piece) - 1) < end;)
                Unsafe.AsRef<TJob>((void*)job).Run(piece, thread);
        }
    }

    void Wake()
    {
        lock (gate)
        {
            turn++;
            Monitor.PulseAll(gate);
        }
    }

    void Work(int thread)
    {
        for (int done = 0; !isOver;)
        {
            for (int spin = 0; turn == done && spin < Spins; spin++) Thread.SpinWait(1);
            if (turn == done)
                lock (gate)
                    while (turn == done) Monitor.Wait(gate);
            done = turn;
            // First busy, then a look at the job: it stays until nobody is busy.
            Interlocked.Increment(ref busy);
            if (job is not 0 and var open) run(this, open, thread);
            Interlocked.Decrement(ref busy);
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        isOver = true;
        Wake();
        foreach (var thread in others) thread.Join();
    }
}
