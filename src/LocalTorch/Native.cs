using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>The C ABI of native/: one line a function. A handle is an <c>at::Tensor*</c> that the receiver owns.</summary>
internal static unsafe partial class Native
{
    private const string Library = "localtorch";

    static Native()
    {
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, (name, _, _) => name == Library ? NativeLibraryInfo.Load() : 0);
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial void* lt_operator(string name, string overload);
    [LibraryImport(Library)] internal static partial int lt_call(void* op, NativeOps.NativeArgument* arguments, int count, NativeOps.NativeResult* results, int capacity, out int resultCount);

    [LibraryImport(Library)] internal static partial void lt_free(IntPtr tensor);
    [LibraryImport(Library)] internal static partial IntPtr lt_alias(IntPtr tensor);
    [LibraryImport(Library)] internal static partial int lt_dim(IntPtr tensor);
    [LibraryImport(Library)] internal static partial void lt_sizes(IntPtr tensor, long* sizes);
    [LibraryImport(Library)] internal static partial void lt_strides(IntPtr tensor, long* strides);
    [LibraryImport(Library)] internal static partial long lt_numel(IntPtr tensor);
    [LibraryImport(Library)] internal static partial long lt_storage_offset(IntPtr tensor);
    [LibraryImport(Library)] internal static partial int lt_scalar_type(IntPtr tensor);
    [LibraryImport(Library)] internal static partial long lt_element_size(IntPtr tensor);
    [LibraryImport(Library)] internal static partial long lt_device(IntPtr tensor);
    [LibraryImport(Library)] internal static partial void* lt_data(IntPtr tensor);
    [LibraryImport(Library)] internal static partial int lt_is_contiguous(IntPtr tensor, int memoryFormat);
    [LibraryImport(Library)] internal static partial int lt_requires_grad(IntPtr tensor);
    [LibraryImport(Library)] internal static partial int lt_set_requires_grad(IntPtr tensor, int value);
    [LibraryImport(Library)] internal static partial int lt_is_leaf(IntPtr tensor);
    [LibraryImport(Library)] internal static partial IntPtr lt_grad(IntPtr tensor);
    [LibraryImport(Library)] internal static partial int lt_set_grad(IntPtr tensor, IntPtr grad);
    [LibraryImport(Library)] internal static partial int lt_same(IntPtr left, IntPtr right);
    [LibraryImport(Library)] internal static partial int lt_set_data(IntPtr tensor, IntPtr data);

    [LibraryImport(Library)] internal static partial int lt_grad_enabled();
    [LibraryImport(Library)] internal static partial void lt_set_grad_enabled(int enabled);
    [LibraryImport(Library)] internal static partial int lt_backward(IntPtr[] roots, int rootCount, IntPtr[] gradients, int gradientCount, int retainGraph, int createGraph, IntPtr[] inputs, int inputCount);
    [LibraryImport(Library)] internal static partial int lt_gradients(IntPtr[] outputs, int outputCount, IntPtr[] inputs, int inputCount, IntPtr[] gradients, int gradientCount, int retainGraph, int createGraph, int allowUnused, IntPtr* results);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial int lt_connect(string name, IntPtr state, delegate* unmanaged<IntPtr, IntPtr*, int, IntPtr*, int, int> backward, delegate* unmanaged<IntPtr, int, void> release, IntPtr[] inputs, int inputCount, IntPtr[] outputs, int outputCount, int[] differentiable, int materialize);

    [LibraryImport(Library)] internal static partial IntPtr lt_hook(IntPtr leaf, IntPtr state, delegate* unmanaged<IntPtr, void> notify);
    [LibraryImport(Library)] internal static partial void lt_unhook(IntPtr hook);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial int lt_group_open(string host, int port, int rank, int size, int cuda, long timeout, out IntPtr group);
    [LibraryImport(Library)] internal static partial void lt_group_close(IntPtr group);
    [LibraryImport(Library)] internal static partial int lt_group_all_reduce(IntPtr group, IntPtr tensor, out IntPtr work);
    [LibraryImport(Library)] internal static partial int lt_group_broadcast(IntPtr group, IntPtr tensor);
    [LibraryImport(Library)] internal static partial int lt_work_wait(IntPtr work);

    [LibraryImport(Library)] internal static partial void lt_memory_install();
    [LibraryImport(Library)] internal static partial long lt_memory_live();
    [LibraryImport(Library)] internal static partial long lt_memory_peak();
    [LibraryImport(Library)] internal static partial long lt_memory_cached();
    [LibraryImport(Library)] internal static partial void lt_memory_reset_peak();
    [LibraryImport(Library)] internal static partial void lt_memory_trim();

    [LibraryImport(Library)] private static partial byte* lt_error();
    [LibraryImport(Library)] internal static partial byte* lt_version();
    [LibraryImport(Library)] internal static partial int lt_threads();
    [LibraryImport(Library)] internal static partial void lt_set_threads(int count);
    [LibraryImport(Library)] internal static partial int lt_tf32_cudnn();
    [LibraryImport(Library)] internal static partial void lt_allow_tf32_cudnn(int allow);
    [LibraryImport(Library)] internal static partial int lt_tf32_cublas();
    [LibraryImport(Library)] internal static partial void lt_allow_tf32_cublas(int allow);
    [LibraryImport(Library)] internal static partial int lt_cuda_count();
    [LibraryImport(Library)] internal static partial int lt_cuda_synchronize(int index);
    [LibraryImport(Library)] internal static partial int lt_manual_seed(long seed);
    [LibraryImport(Library)] internal static partial IntPtr lt_rng_state(long device);
    [LibraryImport(Library)] internal static partial int lt_set_rng_state(long device, IntPtr state);

    /// <summary>
    /// From now on the process ends, once it exits, before the first C++ destructor: it would free what threads in the middle of an operator still
    /// use. The handlers of exit() run last in, first out: they are added late. Their addresses are looked up early: while libtorch is being
    /// loaded, another look-up waits.
    /// </summary>
    internal static void SkipDestructors()
    {
        IntPtr libc = NativeLibrary.Load("libc.so.6"), exit = NativeLibrary.GetExport(libc, "_exit"), close = NativeLibrary.GetExport(libc, "fcloseall");
        var onExit = (delegate* unmanaged<IntPtr, IntPtr, int>)NativeLibrary.GetExport(libc, "on_exit");
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            _ = onExit(exit, 0);
            _ = onExit(close, 0);  // first what C printed is written, as exit() does
        };
    }

    /// <summary>Throws what libtorch said, first line first, as TorchSharp does.</summary>
    internal static void Check(int code)
    {
        if (code != 0)
            throw new ExternalException(Marshal.PtrToStringUTF8((IntPtr)lt_error()));
    }
}
