using System.Diagnostics;
using System.Globalization;

namespace EfQat.Cli;

/// <summary>
/// ONNX Runtime's quantized convolutions (tests/Benchmarks/onnx_chain.js), run one chain at a time by a node that waits on its standard input in
/// between. It ends with that input, so it never outlives this process.
/// </summary>
sealed class OnnxRuntimeChain : IDisposable
{
    readonly Process process;
    readonly Task<string> errors;

    /// <summary>Starts it and waits until the model is loaded.</summary>
    /// <param name="modules">The node_modules folder that has onnxruntime-node.</param>
    /// <param name="channels">Of every layer.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="layers">One after another.</param>
    /// <param name="threads">Of ONNX Runtime.</param>
    /// <exception cref="UserError">It cannot be started, or fails.</exception>
    public OnnxRuntimeChain(string modules, int channels, int size, int layers, int threads)
    {
        using var script = new StreamReader(typeof(OnnxRuntimeChain).Assembly.GetManifestResourceStream("onnx_chain.js")!);
        var start = new ProcessStartInfo("node", ["-e", script.ReadToEnd(), $"{channels}", $"{size}", $"{layers}", $"{threads}"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["NODE_PATH"] = modules;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new UserError($"node: it cannot be started ({problem.Message}); install Node.js, or leave onnxruntime-node out of {modules}");
        }
        errors = process.StandardError.ReadToEndAsync();
        Version = ReadLine();
    }

    /// <summary>Of ONNX Runtime.</summary>
    public string Version { get; }

    /// <summary>Where <c>npm ci --prefix tests/Benchmarks</c> puts it, above this program or the current folder; null where it is not.</summary>
    public static string? Find() =>
        new[] { AppContext.BaseDirectory, Environment.CurrentDirectory }.SelectMany(Ancestors)
            .Select(folder => Path.Combine(folder, "tests", "Benchmarks", "node_modules"))
            .FirstOrDefault(modules => Directory.Exists(Path.Combine(modules, "onnxruntime-node")));

    static IEnumerable<string> Ancestors(string folder)
    {
        for (var next = new DirectoryInfo(folder); next is not null; next = next.Parent) yield return next.FullName;
    }

    /// <summary>Runs the chain once.</summary>
    /// <returns>Milliseconds.</returns>
    public double Run()
    {
        process.StandardInput.WriteLine();
        process.StandardInput.Flush();
        return double.Parse(ReadLine(), CultureInfo.InvariantCulture);
    }

    /// <summary>Ends node.</summary>
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    string ReadLine()
    {
        if (process.StandardOutput.ReadLine() is { } line) return line;
        process.WaitForExit();
        var reason = errors.Result.Trim().Split('\n').LastOrDefault(text => text.Contains("Error")) ?? "";
        throw new UserError(
            $"node: ONNX Runtime ended with exit code {process.ExitCode} {reason}; run npm ci --ignore-scripts --prefix tests/Benchmarks");
    }
}
