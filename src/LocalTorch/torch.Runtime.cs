using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>TorchSharp's API, over the libtorch that is already on the machine.</summary>
public static partial class torch
{
    private static readonly Lazy<bool> Started = new(Start);

    /// <summary>libtorch's version.</summary>
    public static string __version__ => Initialize() ? NativeLibraryInfo.TorchVersion : "";

    internal static bool Initialize() => Started.Value;

    private static bool Start()
    {
        Native.SkipDestructors();
        Native.lt_memory_install();
        // libtorch's own default is one thread on some builds and every hyper-thread on others.
        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null)
            Native.lt_set_threads(PhysicalCores());
        return true;
    }

    /// <summary>Cores this process may use, hyper-threads counted once.</summary>
    private static int PhysicalCores()
    {
        var cores = new HashSet<(string, string)>();
        string socket = "";
        try
        {
            foreach (var line in File.ReadLines("/proc/cpuinfo"))
            {
                if (line.StartsWith("physical id", StringComparison.Ordinal)) socket = line;
                if (line.StartsWith("core id", StringComparison.Ordinal)) cores.Add((socket, line));
            }
        }
        catch (IOException) { }
        return cores.Count == 0 ? Environment.ProcessorCount : Math.Min(cores.Count, Environment.ProcessorCount);
    }

    public static int get_num_threads()
    {
        Initialize();
        return Native.lt_threads();
    }

    public static void set_num_threads(int num)
    {
        Initialize();
        Native.lt_set_threads(num);
    }

    /// <summary>Turns recording for autograd off until disposed.</summary>
    public static IDisposable no_grad() => set_grad_enabled(false);

    public static IDisposable enable_grad(bool enabled = true) => set_grad_enabled(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    /// <summary>As <see cref="no_grad"/>.</summary>
    public static IDisposable inference_mode(bool mode = true) => set_grad_enabled(!mode);

    public static bool is_grad_enabled()
    {
        Initialize();
        return Native.lt_grad_enabled() != 0;
    }

    /// <summary>Seeds every generator of libtorch.</summary>
    public static void manual_seed(long seed)
    {
        Initialize();
        Native.Check(Native.lt_manual_seed(seed));
    }

    /// <summary>The CPU generator's state, to go on from later.</summary>
    public static Tensor get_rng_state() => new(Native.lt_rng_state(Initialize() ? CPU.Packed : 0));

    public static void set_rng_state(Tensor new_state)
    {
        Native.Check(Native.lt_set_rng_state(CPU.Packed, new_state.Handle));
        GC.KeepAlive(new_state);
    }

    public static class random
    {
        public static void manual_seed(long seed) => torch.manual_seed(seed);
        public static Tensor get_rng_state() => torch.get_rng_state();
        public static void set_rng_state(Tensor new_state) => torch.set_rng_state(new_state);
    }

    private sealed class GradMode : IDisposable
    {
        private readonly bool before = is_grad_enabled();

        public GradMode(bool enabled) => Native.lt_set_grad_enabled(enabled ? 1 : 0);

        public void Dispose() => Native.lt_set_grad_enabled(before ? 1 : 0);
    }
}
