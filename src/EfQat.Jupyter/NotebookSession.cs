using System.Diagnostics;
using EfQat.Display;
using EfQat.Jupyter.Language;
using EfQat.Jupyter.Magics;

namespace EfQat.Jupyter;

/// <summary>What came of a cell.</summary>
/// <param name="Output">Its last expression, ready to be shown; null where there is none.</param>
/// <param name="Error">What went wrong; null where nothing did.</param>
public sealed record CellResult(MimeBundle? Output, CellError? Error);

/// <summary>A notebook's languages, variables and commands: cells in, results out. Needs no Jupyter.</summary>
public sealed class NotebookSession
{
    readonly CellRunner runner = new();
    readonly Dictionary<string, ILanguage> languages;
    readonly MagicCommands commands;

    /// <summary>A session with nothing declared yet.</summary>
    public NotebookSession()
    {
        languages = new ILanguage[]
        {
            CSharp, new FSharpSession(), new TextLanguage("html", "text/html"), new TextLanguage("markdown", "text/markdown"),
            new TextLanguage("javascript", "application/javascript"), new TextLanguage("svg", "image/svg+xml"), TextLanguage.Mermaid,
        }.ToDictionary(language => language.Name);
        commands = new(languages);
        NotebookChart.NewPage();
    }

    /// <summary>The language of cells that do not say theirs.</summary>
    public CSharpSession CSharp { get; } = new();

    /// <summary>Compiles and runs next to nothing, so that the first cell does not pay for the compiler's start.</summary>
    public void WarmUp(ICellHost host) => Run("Console.Out.Flush(); 0", "warm-up", host);

    /// <summary>Runs one cell and waits for it. Never throws for what the cell does.</summary>
    /// <param name="code">The cell, with its <c>#!</c> lines.</param>
    /// <param name="name">How errors call it, for example <c>cell[3]</c>.</param>
    /// <param name="host">Where its outputs go.</param>
    public CellResult Run(string code, string name, ICellHost host)
    {
        try
        {
            return new(runner.Execute(() => RunParts(code, name), host), null);
        }
        catch (CellStoppedException)
        {
            return new(null, CellError.Stopped);
        }
        catch (Exception problem)
        {
            return new(null, CellError.Of(problem, CSharp.SourceLine));
        }
    }

    /// <summary>Stops the running cell; from another thread. Returns at once.</summary>
    public void Interrupt() => runner.Interrupt();

    async Task<MimeBundle?> RunParts(string code, string name)
    {
        var clock = Stopwatch.StartNew();
        bool timed = false;
        object? value = null;
        foreach (var part in CellParser.Parse(code, CSharp.Name, languages.Keys.ToHashSet()))
            switch (part)
            {
                case CellPart.Command { Name: "time" }:
                    timed = true;
                    break;
                case CellPart.Command command:
                    commands.Run(command);
                    break;
                case CellPart.Code block:
                    if (value is not null) Notebook.display(value);
                    value = await languages[block.Language].Run(block.Text, name);
                    break;
            }
        if (timed) Notebook.display($"Wall time: {clock.Elapsed.TotalMilliseconds:0.0} ms", "text/plain");
        return value is null ? null : Formatter.Format(value); // here, where Stop can end a formatter too
    }
}
