using System.CommandLine;
using EfQat.Integer.Onnx;

namespace EfQat.Cli.Commands;

/// <summary><c>--onnxruntime</c>: where ONNX Runtime is.</summary>
static class OnnxRuntimeOption
{
    /// <summary>The option.</summary>
    public static Option<string?> Create() => new("--onnxruntime")
    {
        Description = "The node_modules folder that has onnxruntime-node [default: tests/Benchmarks/node_modules]", HelpName = "DIR",
    };

    /// <summary>The folder; null, with a note, where there is none.</summary>
    public static string? Folder(ParseResult parsed, Option<string?> option)
    {
        string? folder = parsed.GetValue(option) ?? OnnxRuntimeNode.Find();
        if (folder is null)
            parsed.InvocationConfiguration.Error.WriteLine(
                $"note: ONNX Runtime is not installed, so it is not measured; {OnnxRuntimeNode.Install} installs it");
        return folder;
    }
}
