using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>The native library and the libtorch it is bound to. LocalTorch only.</summary>
public static unsafe class NativeLibraryInfo
{
    private const string FileName = "liblocaltorch.so";
    private static readonly Lazy<IntPtr> Handle = new(Open);

    /// <summary>The native seam in use: <c>LOCALTORCH_NATIVE</c> where set, else the file beside this assembly.</summary>
    public static string Path { get; } = Environment.GetEnvironmentVariable("LOCALTORCH_NATIVE") is { Length: > 0 } path
        ? path
        : System.IO.Path.Combine(AppContext.BaseDirectory, FileName);

    /// <summary>libtorch's version, e.g. 1.13.1.</summary>
    public static string TorchVersion => Marshal.PtrToStringUTF8((IntPtr)Native.lt_version())!;

    /// <summary>The file of libtorch that this process has loaded.</summary>
    public static string TorchFile
    {
        get
        {
            RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
            return File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..])
                .FirstOrDefault(file => file.Contains("libtorch_cpu")) ?? "unknown";
        }
    }

    internal static IntPtr Load() => Handle.Value;

    private static IntPtr Open()
    {
        if (!File.Exists(Path))
            throw new DllNotFoundException(
                $"{Path}: LocalTorch's native library is missing. Build it with './build.sh build', or set LOCALTORCH_NATIVE to the file.");
        try
        {
            return NativeLibrary.Load(Path);
        }
        catch (DllNotFoundException error)
        {
            throw new DllNotFoundException(
                $"{Path}: cannot be loaded, most likely because the libtorch it was built with is gone or another version. " +
                $"Install libtorch ('./build.sh setup') or set LIBTORCH to its folder, then 'rm -r artifacts/native && ./build.sh build'. {error.Message}", error);
        }
    }
}

/// <summary>What the tensors of this process take of CPU memory, in bytes. LocalTorch only; oneDNN's scratch is not counted.</summary>
public static class TorchMemory
{
    /// <summary>Held by live tensors now.</summary>
    public static long LiveBytes => Native.lt_memory_live();

    /// <summary>The most that was live at once since <see cref="ResetPeak"/>.</summary>
    public static long PeakBytes => Native.lt_memory_peak();

    /// <summary>Freed by tensors and kept for the next ones.</summary>
    public static long CachedBytes => Native.lt_memory_cached();

    /// <summary>Starts a new peak from what is live now.</summary>
    public static void ResetPeak() => Native.lt_memory_reset_peak();

    /// <summary>Gives kept blocks back to the system.</summary>
    public static void Trim() => Native.lt_memory_trim();
}
