#if !LOCAL_TORCH
namespace EfQat.Training;

/// <summary>TorchSharp has no c10d; LocalTorch's class of this name has.</summary>
sealed class ProcessGroup : IDisposable
{
    public ProcessGroup(int rank, int size, string host, int port, bool cuda, TimeSpan timeout) => throw new UserError(
        $"WORLD_SIZE: worker {rank} of {size} cannot join {host}:{port}, for the TorchSharp package has no c10d; build with -p:Torch=local, or unset it");

    public Work AllReduce(Tensor tensor) => throw new NotSupportedException();

    public void Broadcast(Tensor tensor) => throw new NotSupportedException();

    public void Dispose() { }

    public readonly struct Work
    {
        public void Wait() { }
    }
}

/// <summary>Likewise.</summary>
sealed class GradientHook(Tensor leaf, Action action) : IDisposable
{
    public void Dispose() => _ = (leaf, action);
}
#endif
