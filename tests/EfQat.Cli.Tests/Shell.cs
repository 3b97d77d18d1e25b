using System.Diagnostics;
using System.Text.Json;

namespace EfQat.Cli.Tests;

/// <summary>What a command line did.</summary>
sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>Runs command lines, in this process or as a program of its own.</summary>
static class Shell
{
    public static async Task<Outcome> Run(params string[] args)
    {
        using StringWriter output = new(), error = new();
        var code = await CommandLine.RunAsync(args, output, error);
        return new(code, output.ToString(), error.ToString());
    }

    /// <summary>The rows of a result, of a command line that must succeed and say nothing else.</summary>
    public static async Task<JsonElement[]> Rows(params string[] args)
    {
        var (code, output, error) = await Run([.. args, "--quiet", "--json"]);
        Assert.Equal((0, ""), (code, error));
        return [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
    }

    /// <summary>Starts the real program; its streams are redirected, as in a pipe.</summary>
    public static Process Start(IEnumerable<(string Name, string Value)> environment, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(CommandLine).Assembly.Location, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static async Task<Outcome> Finish(this Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(10));
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"no end after ten minutes; it printed\n{await output}\n{await error}");
        }
        return new(process.ExitCode, await output, await error);
    }
}
