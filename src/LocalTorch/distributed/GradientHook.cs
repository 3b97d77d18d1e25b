using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace LocalTorch;

/// <summary>Calls an action in the middle of a backward pass, whenever a leaf's gradient is complete. TorchSharp has none of it.</summary>
public sealed unsafe class GradientHook : IDisposable
{
    private readonly GCHandle action;
    private IntPtr handle;

    /// <param name="leaf">Requires a gradient.</param>
    /// <param name="action">Called on the thread of the backward pass; must not throw.</param>
    /// <exception cref="ExternalException">The tensor is no leaf that requires a gradient.</exception>
    public GradientHook(torch.Tensor leaf, Action action)
    {
        this.action = GCHandle.Alloc(action);
        handle = Native.lt_hook(leaf.Handle, GCHandle.ToIntPtr(this.action), &Notify);
        Native.Check(handle == 0 ? 1 : 0);
        GC.KeepAlive(leaf);
    }

    /// <summary>Calls no more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref handle, 0) is var owned and not 0)
        {
            Native.lt_unhook(owned);
            action.Free();
        }
    }

    [UnmanagedCallersOnly, MethodImpl(MethodImplOptions.NoOptimization)]
    private static void Notify(IntPtr state)
    {
        try { }
        finally  // as in Autograd: an abort waits for its end
        {
            ((Action)GCHandle.FromIntPtr(state).Target!)();
        }
    }
}
