using System.Diagnostics;
using System.Text;

namespace EfQat.Integer.Onnx;

/// <summary>
/// A node that runs one of our scripts with onnxruntime-node. It waits on its standard input and ends with it, so it never outlives this process.
/// </summary>
public sealed class OnnxRuntimeNode : IDisposable
{
    /// <summary>Installs it.</summary>
    public const string Install = "npm ci --ignore-scripts --prefix tests/Benchmarks";

    private readonly Process process;
    private readonly BufferedStream output;
    private readonly Task<string> errors;

    /// <summary>Starts it.</summary>
    /// <param name="modules">The node_modules folder that has onnxruntime-node.</param>
    /// <param name="script">JavaScript. Its first line of output is ONNX Runtime's version.</param>
    /// <param name="arguments">Of the script.</param>
    /// <exception cref="UserError">It cannot be started, or fails.</exception>
    public OnnxRuntimeNode(string modules, string script, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("node", ["-e", script, "--", .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["NODE_PATH"] = Path.GetFullPath(modules);
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new UserError($"node: it cannot be started ({problem.Message}); install Node.js, then ONNX Runtime with {Install}");
        }
        errors = process.StandardError.ReadToEndAsync();
        output = new(process.StandardOutput.BaseStream);
        Version = ReadLine();
    }

    /// <summary>Of ONNX Runtime.</summary>
    public string Version { get; }

    /// <summary>Where <see cref="Install"/> puts it, above this program or the current folder; null where it is not.</summary>
    public static string? Find() =>
        new[] { AppContext.BaseDirectory, Environment.CurrentDirectory }.SelectMany(Ancestors)
            .Select(folder => Path.Combine(folder, "tests", "Benchmarks", "node_modules"))
            .FirstOrDefault(modules => Directory.Exists(Path.Combine(modules, "onnxruntime-node")));

    /// <summary>Sends bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            process.StandardInput.BaseStream.Write(bytes);
            process.StandardInput.BaseStream.Flush();
        }
        catch (IOException)
        {
            throw Ended();
        }
    }

    /// <summary>Reads as many bytes as fit.</summary>
    public void Read(Span<byte> bytes)
    {
        if (output.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw Ended();
    }

    /// <summary>Reads a line.</summary>
    public string ReadLine()
    {
        List<byte> line = [];
        for (int next; (next = output.ReadByte()) != '\n'; line.Add((byte)next))
            if (next < 0) throw Ended();
        return Encoding.UTF8.GetString([.. line]);
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    private UserError Ended()
    {
        process.WaitForExit();
        string reason = errors.Result.Split('\n').LastOrDefault(text => text.Contains("Error")) ?? "";
        return new($"node: ONNX Runtime ended with exit code {process.ExitCode} {reason.Trim()}; install it with {Install}, or look at the file");
    }

    private static IEnumerable<string> Ancestors(string folder)
    {
        for (var next = new DirectoryInfo(folder); next is not null; next = next.Parent) yield return next.FullName;
    }
}
