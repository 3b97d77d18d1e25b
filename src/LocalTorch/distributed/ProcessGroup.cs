using System.Runtime.InteropServices;
using TorchSharp;

namespace LocalTorch;

/// <summary>
/// Workers, a process each, that compute together: libtorch's own c10d, over gloo on the CPU and NCCL on CUDA. TorchSharp has none of it.
/// Groups match calls by their order, which must be the same in all workers; what one of them misses ends in an error after the timeout.
/// </summary>
public sealed class ProcessGroup : IDisposable
{
    private IntPtr handle;

    /// <summary>Waits until all workers are there.</summary>
    /// <param name="rank">This worker's number, from 0.</param>
    /// <param name="size">How many there are.</param>
    /// <param name="host">Where the first one listens.</param>
    /// <param name="port">Likewise.</param>
    /// <param name="cuda">Whether tensors live on CUDA.</param>
    /// <param name="timeout">How long a worker waits for another one, here and in every call.</param>
    /// <exception cref="ExternalException">Not all came in time, the port is taken, or this libtorch has no gloo or NCCL.</exception>
    public ProcessGroup(int rank, int size, string host, int port, bool cuda, TimeSpan timeout)
    {
        torch.Initialize();
        (Rank, Size) = (rank, size);
        Native.Check(Native.lt_group_open(host, port, rank, size, cuda ? 1 : 0, (long)timeout.TotalMilliseconds, out handle));
    }

    /// <summary>This worker's number, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many workers there are.</summary>
    public int Size { get; }

    /// <summary>Begins to replace a tensor by its sum over all workers.</summary>
    /// <param name="tensor">Contiguous; of the same shape and type everywhere. To be left alone until the work is done.</param>
    public Work AllReduce(torch.Tensor tensor)
    {
        Native.Check(Native.lt_group_all_reduce(handle, tensor.Handle, out var work));
        GC.KeepAlive(tensor);
        return new(work);
    }

    /// <summary>Replaces a tensor by the first worker's.</summary>
    /// <param name="tensor">Contiguous; of the same shape and type everywhere.</param>
    public void Broadcast(torch.Tensor tensor)
    {
        Native.Check(Native.lt_group_broadcast(handle, tensor.Handle));
        GC.KeepAlive(tensor);
    }

    /// <summary>Ends the connections.</summary>
    public void Dispose() => Native.lt_group_close(Interlocked.Exchange(ref handle, 0));

    /// <summary>What goes on while this worker goes on, too.</summary>
    public readonly struct Work
    {
        private readonly IntPtr handle;

        internal Work(IntPtr handle) => this.handle = handle;

        /// <summary>Waits until it is done; once.</summary>
        /// <exception cref="ExternalException">A worker is gone, or the timeout has passed.</exception>
        public void Wait() => Native.Check(Native.lt_work_wait(handle));
    }
}
