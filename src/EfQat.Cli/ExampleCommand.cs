using System.CommandLine;
using System.CommandLine.Invocation;

namespace EfQat.Cli;

/// <summary>A command whose help ends with examples that can be pasted.</summary>
public sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Whole command lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>Sets what the command does: it returns the exit code and watches the token.</summary>
    public ExampleCommand Does(Func<ParseResult, CancellationToken, int> action)
    {
        SetAction((parsed, token) => Task.FromResult(action(parsed, token)));
        return this;
    }
}

/// <summary>The usual help, then the command's examples.</summary>
sealed class HelpWithExamples(SynchronousCommandLineAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parsed)
    {
        var code = help.Invoke(parsed);
        if (parsed.CommandResult.Command is not ExampleCommand { Examples.Count: > 0 } command)
            return code;
        var output = parsed.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in command.Examples)
            output.WriteLine($"  {example}");
        output.WriteLine();
        return code;
    }
}
