using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace EfQat.Jupyter.Language;

/// <summary>Code that does not compile.</summary>
public sealed class CompileException(IReadOnlyList<Diagnostic> diagnostics) : Exception(diagnostics[0].GetMessage())
{
    /// <summary>The errors.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics => diagnostics;
}

/// <summary>What went wrong in a cell, for a reader.</summary>
/// <param name="Name">The kind of error.</param>
/// <param name="Message">In one line.</param>
/// <param name="Trace">What to show: message and place, with terminal colours.</param>
public sealed partial record CellError(string Name, string Message, IReadOnlyList<string> Trace)
{
    const string Red = "\e[31m", Dim = "\e[2m", Off = "\e[0m";

    /// <summary>The trace without colours.</summary>
    public IEnumerable<string> PlainTrace => Trace.Select(line => Color().Replace(line, ""));

    internal static CellError Stopped { get; } = new("Interrupted", "the cell was stopped", [$"{Red}Interrupted{Off}: the cell was stopped"]);

    /// <summary>An exception as the cells' author sees it: the trace holds cells only.</summary>
    /// <param name="problem">What was thrown.</param>
    /// <param name="sourceLine">The text of a cell's line, from 1.</param>
    internal static CellError Of(Exception problem, Func<string?, int, string?> sourceLine) => problem switch
    {
        CompileException compile => new("CompileError", compile.Message, [.. compile.Diagnostics.SelectMany(d => Describe(d, sourceLine))]),
        UserError => new("Error", problem.Message, [$"{Red}Error{Off}: {problem.Message}"]),
        _ => new(problem.GetType().Name, problem.Message, [.. Describe(problem, sourceLine)]),
    };

    static IEnumerable<string> Describe(Diagnostic diagnostic, Func<string?, int, string?> sourceLine)
    {
        var span = diagnostic.Location.GetLineSpan();
        var (line, column) = (span.StartLinePosition.Line + 1, span.StartLinePosition.Character + 1);
        yield return $"{span.Path}({line},{column}): {Red}error {diagnostic.Id}{Off}: {diagnostic.GetMessage()}";
        if (sourceLine(span.Path, line) is not { } source) yield break;
        int length = span.EndLinePosition.Line == span.StartLinePosition.Line ? span.EndLinePosition.Character - span.StartLinePosition.Character : 1;
        yield return $"    {source.Replace('\t', ' ')}";
        yield return $"    {new string(' ', column - 1)}{Red}{new string('^', Math.Max(1, length))}{Off}";
    }

    static IEnumerable<string> Describe(Exception problem, Func<string?, int, string?> sourceLine)
    {
        yield return $"{Red}{problem.GetType().FullName}{Off}: {problem.Message}";
        foreach (var frame in new StackTrace(problem, fNeedFileInfo: true).GetFrames())
            if (sourceLine(frame.GetFileName(), frame.GetFileLineNumber()) is { } source)
                yield return $"   at {frame.GetFileName()}, line {frame.GetFileLineNumber()}: {Dim}{source.Trim()}{Off}";
        if (problem.InnerException is { } inner)
            foreach (var line in Describe(inner, sourceLine).Select((text, i) => i == 0 ? $" ---> {text}" : text))
                yield return line;
    }

    [GeneratedRegex(@"\e\[[0-9;]*m")]
    private static partial Regex Color();
}
