using System.CommandLine;
using EfQat.Display;
using Spectre.Console;

namespace EfQat.Cli;

/// <summary>How results reach the user: a table on the terminal, JSON where asked for.</summary>
public static class Terminal
{
    /// <summary>Writes the table for a reader, or its JSON in its place where that goes to standard output.</summary>
    public static void Write(ParseResult parsed, ResultTable table)
    {
        var output = parsed.InvocationConfiguration.Output;
        var json = RunOptions.JsonTarget(parsed);
        if (json == "-")
        {
            output.WriteLine(table.ToJson());
            return;
        }
        if (json is not null)
            WholeFile.Write(json, table.ToJson() + "\n");
        Render(output, table);
    }

    /// <summary>Writes a further table of the same results for a reader.</summary>
    public static void Show(ParseResult parsed, string title, ResultTable table)
    {
        if (RunOptions.JsonTarget(parsed) == "-") return;
        Note(parsed, title + ":");
        Render(parsed.InvocationConfiguration.Output, table);
    }

    /// <summary>Writes a line for a reader.</summary>
    public static void Note(ParseResult parsed, string text)
    {
        if (RunOptions.JsonTarget(parsed) != "-") parsed.InvocationConfiguration.Output.WriteLine(text);
    }

    static void Render(TextWriter output, ResultTable table)
    {
        var view = new Table { Border = TableBorder.Simple };
        foreach (var column in table.Columns)
            view.AddColumn(new Spectre.Console.TableColumn(new Text(column.Header))
            {
                Alignment = column.IsNumber ? Justify.Right : Justify.Left,
            });
        foreach (var row in table.Rows)
            view.AddRow([.. row.Select(cell => new Text(cell))]);
        Console(output).Write(view);
    }

    internal static IAnsiConsole Console(TextWriter output)
    {
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(output) });
        if (System.Console.IsOutputRedirected)
            console.Profile.Width = 200; // a file has no edge to wrap at
        return console;
    }
}
