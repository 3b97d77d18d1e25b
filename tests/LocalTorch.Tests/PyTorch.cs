using System.Diagnostics;
using System.Text.Json;

namespace LocalTorch.Tests;

/// <summary>PyTorch as the oracle: one process runs a script that prints JSON.</summary>
internal static class PyTorch
{
    private const string Python = "/usr/bin/python3";
    private static readonly Lazy<string?> Missing = new(WhyNot);

    /// <summary>Skips the test where there is no PyTorch.</summary>
    public static JsonElement Run(string script)
    {
        Skip.If(Missing.Value is not null, Missing.Value);
        var (code, output, errors) = Start("import json, torch\n" + script);
        return code == 0 ? JsonDocument.Parse(output).RootElement : throw new InvalidOperationException(errors);
    }

    public static double[] Doubles(this JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetDouble())];

    public static float[] Floats(this JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetSingle())];

    private static string? WhyNot()
    {
        if (!File.Exists(Python)) return $"no {Python}";
        return Start("import torch").Code == 0 ? null : $"{Python} has no torch";
    }

    private static (int Code, string Output, string Errors) Start(string script)
    {
        var start = new ProcessStartInfo(Python) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(script);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
