using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using EfQat.Cli.Commands;

namespace EfQat.Cli;

/// <summary>The command line: what it offers, and the exit codes it promises.</summary>
public static class CommandLine
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Something the user can put right, said in one line.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Misused = 2;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;

    /// <summary>All commands.</summary>
    public static Command Root()
    {
        var help = new HelpOption { Recursive = true };
        help.Action = new HelpWithExamples((SynchronousCommandLineAction)help.Action!);
        return new Command("efqat", "Quantization-aware training that updates only what matters, measured.")
        {
            help,
            new VersionOption(),
            DoctorCommand.Create(),
            DataCommand.Create(),
            TrainCommand.Create(),
            RunsCommand.Create(),
            WeightsCommand.Create(),
            BenchCommand.Create(),
            ReproduceCommand.Create(),
            IntegerCommand.Create(),
            ExportCommand.Create(),
            VerifyCommand.Create(),
            KernelCommand.Create(),
            NotebookCommand.Create(),
        };
    }

    /// <summary>Runs one command line and returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = Root().Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            error.WriteLine($"error: {parsed.Errors[0].Message}");
            error.WriteLine($"usage: {CommandPath(parsed)} --help");
            return Misused;
        }
        using var interrupt = new Interrupt(error);
        try
        {
            var invocation = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // Interrupt handles the signals.
            };
            return await parsed.InvokeAsync(invocation, interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception problem) when (UserMessage(problem) is { } message)
        {
            error.WriteLine($"error: {message}");
            return Failed;
        }
    }

    /// <summary>What to tell the user about an exception; null for a defect, which deserves its stack trace.</summary>
    static string? UserMessage(Exception problem) => problem switch
    {
        UserError or DllNotFoundException or IOException or UnauthorizedAccessException => problem.Message.ReplaceLineEndings(" "),
        TypeInitializationException { InnerException: { } inner } => UserMessage(inner),
        _ => null,
    };

    static string CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var command = parsed.CommandResult; command is not null; command = command.Parent as System.CommandLine.Parsing.CommandResult)
            names.Push(command.Command.Name);
        return string.Join(' ', names);
    }
}
