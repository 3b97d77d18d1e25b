using System.CommandLine;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat integer</c>: quantized networks on integers alone.</summary>
static class IntegerCommand
{
    public static Command Create() =>
        new("integer", "Compile a quantized network to integers, and run it") { IntegerCompileCommand.Create(), IntegerRunCommand.Create() };
}
