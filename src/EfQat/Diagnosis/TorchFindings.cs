namespace EfQat.Diagnosis;

/// <summary>Which libtorch this process computes with, on what, and whether our kernels are in it.</summary>
static class TorchFindings
{
    public static IEnumerable<Finding> All()
    {
        var library = Finding.Of("libtorch", Library);
        yield return library;
        if (library.Status != Status.Ok)
            yield break; // everything below would only repeat the same error
        foreach (var choice in Chosen())
            yield return choice;
        yield return Finding.Of("Kernels", Kernels);
        yield return new("Threads", $"{get_num_threads()}");
        yield return Cuda();
    }

#if LOCAL_TORCH
    static readonly string[] OwnKernels =
    [
        "efqat::fake_quantize", "efqat::fake_quantize_backward", "efqat::fake_quantize_rows", "efqat::fake_quantize_rows_backward",
        "efqat::conv2d_weight_rows", "efqat::conv2d_weight_rows_float",
    ];

    static string File => NativeLibraryInfo.TorchFile;

    static Finding Library() => new("libtorch", $"{__version__}, {Origin()} ({File})");

    static Finding Kernels()
    {
        var missing = OwnKernels.Where(name => !NativeOps.Exists(name)).ToArray();
        return missing.Length == 0
            ? new("Kernels", $"{OwnKernels.Length} of our own in {NativeLibraryInfo.Path}")
            : new("Kernels", $"{NativeLibraryInfo.Path} lacks {string.Join(", ", missing)}", Status.Missing, "./build.sh build");
    }

    static string? Choice => Environment.GetEnvironmentVariable("LIBTORCH") is { Length: > 0 } folder ? Path.GetFullPath(folder) : null;

    /// <summary>LIBTORCH decides when the native library is built; here it can only disagree.</summary>
    static IEnumerable<Finding> Chosen()
    {
        if (Choice is not { } folder || Origin() == "from LIBTORCH")
            yield break;
        yield return Directory.Exists(Path.Combine(folder, "lib"))
            ? new("LIBTORCH", $"{folder} is not what this was built with", Status.Absent, "rm -r artifacts/native && ./build.sh build")
            : new("LIBTORCH", $"{folder} has no lib/ in it", Status.Absent, "Unset LIBTORCH, or set it to a libtorch folder with include/ and lib/; then rm -r artifacts/native && ./build.sh build");
    }

    static string Origin() =>
        Choice is { } folder && File.StartsWith(folder, StringComparison.Ordinal) ? "from LIBTORCH"
        : File.Contains("-packages/") ? "from a Python installation"
        : "the system's";
#else
    static string File => typeof(torch).Assembly.Location;

    static Finding Library() => new("libtorch", $"{__version__}, from the TorchSharp package ({File})");

    static IEnumerable<Finding> Chosen() => [];

    static Finding Kernels() => new("Kernels", "none of our own with the TorchSharp package: portable twins run", Status.Absent);
#endif

    static Finding Cuda() => torch.cuda.is_available()
        ? new("CUDA", $"{torch.cuda.device_count()} device(s)")
        : new("CUDA", $"none: {WhyNoCuda()}", Status.Absent, "Not needed; '--device cpu' is the default");

    static string WhyNoCuda() =>
        !System.IO.File.Exists("/dev/nvidiactl") ? "no NVIDIA driver on this machine (/dev/nvidiactl is missing)"
        : !Directory.EnumerateFiles(Path.GetDirectoryName(File)!, "libtorch_cuda*").Any() ? "this libtorch is built for the CPU only; set LIBTORCH to one with CUDA and build again"
        : "libtorch finds no device it can use; see nvidia-smi";
}
