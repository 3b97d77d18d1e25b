using System.Diagnostics;
using EfQat.Jupyter.Notebooks;

namespace EfQat.Cli.Commands;

/// <summary>What became of a notebook: <see cref="Result"/> is <c>ok</c> or the error.</summary>
sealed record NotebookCheck(string Notebook, int Cells, double Seconds, string Result)
{
    const string Fine = "ok";

    public bool IsFine => Result == Fine;

    /// <summary>Runs it quickly in a process of its own, which gives back all its memory and takes nobody with it; writes nothing.</summary>
    public static NotebookCheck Run(string path, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        int cells = 0;
        try
        {
            var notebook = NotebookFile.Read(path);
            cells = notebook.Cells.Count(cell => cell.IsRun);
            var error = Errors(path, new Parameters(notebook).Names.Contains("quick") ? ["--set", "quick=true"] : [], stop);
            return new(path, cells, clock.Elapsed.TotalSeconds, error ?? Fine);
        }
        catch (UserError problem)
        {
            return new(path, cells, clock.Elapsed.TotalSeconds, problem.Message);
        }
    }

    /// <summary>What the run says on its standard error; null where it went well.</summary>
    static string? Errors(string path, string[] settings, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("efqat-check-");
        try
        {
            string[] command = [.. KernelCommand.Program(), "notebook", "run", path, .. settings, "--quiet", "--out", Path.Combine(folder.FullName, "out.ipynb")];
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            using var end = stop.Register(() => process.Kill(entireProcessTree: true));
            var errors = process.StandardError.ReadToEnd().TrimEnd();
            process.WaitForExit();
            stop.ThrowIfCancellationRequested();
            return process.ExitCode == CommandLine.Ok ? null : errors.Length > 0 ? errors : $"the process ended with exit code {process.ExitCode}";
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
