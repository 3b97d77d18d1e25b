using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace EfQat.Diagnosis;

/// <summary>The machine, as results must name it.</summary>
public static class Machine
{
    /// <summary>The processor's name and how many hardware threads this process may use.</summary>
    public static string Cpu => $"{Model()}, {Environment.ProcessorCount} threads, {Capability}";

    /// <summary>The widest vector instructions: AVX-512, AVX2 or the architecture's own.</summary>
    public static string Capability =>
        Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>.NET and the operating system.</summary>
    public static string Runtime => $".NET {Environment.Version} on {RuntimeInformation.OSDescription}";

    /// <summary>Everything a figure must say of where it was measured, and the date.</summary>
    public static string Line => string.Create(
        CultureInfo.InvariantCulture, $"{Cpu}, libtorch {__version__} on {get_num_threads()} threads, {DateTime.UtcNow:yyyy-MM-dd}");

    static string Model() => ProcLine("/proc/cpuinfo", "model name") ?? "unknown processor";

    static string? ProcLine(string file, string key) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
