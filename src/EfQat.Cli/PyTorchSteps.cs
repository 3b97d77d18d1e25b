using System.Diagnostics;
using System.Globalization;

namespace EfQat.Cli;

/// <summary>
/// PyTorch's training steps (tests/Benchmarks/pytorch_step.py), taken one at a time by a python3 that waits on its standard input in between.
/// It ends with that input, so it never outlives this process.
/// </summary>
sealed class PyTorchSteps : IDisposable
{
    static readonly string[] Candidates = ["/usr/bin/python3", "python3"];

    readonly string python;
    readonly Process process;
    readonly Task<string> errors;

    /// <summary>Starts it and waits until torch is loaded.</summary>
    /// <param name="python">Its interpreter.</param>
    /// <param name="threads">Threads of its libtorch.</param>
    /// <param name="batch">Images in a batch.</param>
    /// <exception cref="UserError">It cannot be started, or fails.</exception>
    public PyTorchSteps(string python, int threads, int batch)
    {
        this.python = python;
        process = Start(python, Script(), "--serve", "--warmup", "0", "--threads", $"{threads}", "--batch", $"{batch}");
        errors = process.StandardError.ReadToEndAsync();
        TorchVersion = ReadLine();
    }

    /// <summary>The version of its libtorch.</summary>
    public string TorchVersion { get; }

    /// <summary>The first interpreter that has torch; null where none has.</summary>
    public static string? Find() => Candidates.FirstOrDefault(HasTorch);

    /// <summary>Takes one step.</summary>
    /// <param name="variant">One of pytorch_step.py's names, e.g. <c>fp32-nchw</c>.</param>
    /// <returns>Milliseconds.</returns>
    /// <exception cref="UserError">The interpreter failed.</exception>
    public double Step(string variant)
    {
        try
        {
            process.StandardInput.WriteLine(variant);
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            throw Failure();
        }
        return double.Parse(ReadLine(), CultureInfo.InvariantCulture);
    }

    /// <summary>Ends the interpreter.</summary>
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    static string Script()
    {
        using var reader = new StreamReader(typeof(PyTorchSteps).Assembly.GetManifestResourceStream("pytorch_step.py")!);
        return reader.ReadToEnd();
    }

    static bool HasTorch(string python)
    {
        try
        {
            using var probe = Start(python, "import importlib.util, sys; sys.exit(not importlib.util.find_spec('torch'))");
            probe.WaitForExit();
            return probe.ExitCode == 0;
        }
        catch (UserError)
        {
            return false;
        }
    }

    static Process Start(string python, params string[] script)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(python, ["-c", .. script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new UserError($"{python}: it cannot be started ({problem.Message}); name a python3 that has torch with --python");
        }
    }

    string ReadLine() => process.StandardOutput.ReadLine() ?? throw Failure();

    UserError Failure()
    {
        process.WaitForExit();
        var reason = errors.Result.Trim().Split('\n')[^1];
        return new($"{python}: PyTorch's step ended with exit code {process.ExitCode}{(reason == "" ? "" : $" ({reason})")}; name a python3 that has torch with --python");
    }
}
