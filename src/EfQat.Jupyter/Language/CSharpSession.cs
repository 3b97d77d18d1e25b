using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;

namespace EfQat.Jupyter.Language;

/// <summary>
/// C# cell by cell: each is a script compilation that continues the one before. Works without Jupyter, one call at a time.
/// </summary>
public sealed class CSharpSession : ILanguage
{
    static readonly CSharpParseOptions Script = new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);

    static readonly CSharpCompilationOptions Options = new(
        OutputKind.DynamicallyLinkedLibrary, usings: Imports.Namespaces, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true);

    readonly CellAssemblies assemblies = new();
    readonly SortedDictionary<string, Variable> variables = [];
    readonly Dictionary<string, string> sources = [];
    CSharpCompilation? previous;
    object?[] states = new object?[16]; // slot 0 is the host object's; each cell that declares something takes the next
    int compiled;

    /// <inheritdoc/>
    public string Name => "csharp";

    /// <inheritdoc/>
    public IEnumerable<Variable> Variables => variables.Values;

    /// <summary>Whether the code can run as it stands, could with more lines, or never will.</summary>
    public static string Completeness(string code)
    {
        var tree = CSharpSyntaxTree.ParseText(code, Script);
        if (!SyntaxFactory.IsCompleteSubmission(tree)) return "incomplete";
        return tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error) ? "invalid" : "complete";
    }

    /// <inheritdoc/>
    /// <exception cref="CompileException">The code is not C#.</exception>
    /// <exception cref="UserError">A directive names what is not there.</exception>
    public Task<object?> Run(string code, string cell)
    {
        var (rest, references, loads) = Directives.Take(code);
        foreach (var reference in references) assemblies.Reference(reference);
        foreach (var file in loads) Start(File.ReadAllText(file), file).GetAwaiter().GetResult();
        return Start(rest, cell);
    }

    /// <inheritdoc/>
    public void Set(string name, object? value)
    {
        Start($"{TypeName.Of(value)} {name} = default;", $"#!share {name}").GetAwaiter().GetResult();
        variables[name].Assign(value);
    }

    /// <summary>The source line that an exception or a diagnostic points to; null where it is not a cell's.</summary>
    internal string? SourceLine(string? cell, int line) =>
        cell is not null && sources.GetValueOrDefault(cell)?.Split('\n') is { } lines && line >= 1 && line <= lines.Length ? lines[line - 1].TrimEnd('\r') : null;

    /// <summary>The cell compiled in place of the next one, to be asked about, not run.</summary>
    internal CSharpCompilation Sketch(string code) =>
        Compilation("sketch", CSharpSyntaxTree.ParseText(Directives.Take(code).Code, Script));

    Task<object?> Start(string code, string cell)
    {
        sources[cell] = code;
        var tree = CSharpSyntaxTree.ParseText(code, Script, cell, Encoding.UTF8);
        var compilation = Compilation($"cell{++compiled}", tree);
        using MemoryStream image = new(), symbols = new();
        var emitted = compilation.Emit(image, symbols, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
        if (!emitted.Success)
            throw new CompileException([.. emitted.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)]);

        var entry = compilation.GetEntryPoint(default)!;
        var type = assemblies.Load(image, symbols).GetType(entry.ContainingType.MetadataName)!;
        var run = type.GetMethod(entry.MetadataName, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!
            .CreateDelegate<Func<object?[], Task<object?>>>();
        if (compiled + 1 >= states.Length) Array.Resize(ref states, states.Length * 2);
        (previous, assemblies.Unseen) = (compilation, []);
        try
        {
            return run(states);
        }
        finally // its constructor has put the cell's object into its slot, so a cell that throws keeps its variables
        {
            foreach (var state in states.Where(state => state?.GetType() == type)) Remember(state!);
        }
    }

    /// <summary>References go to the first cell only: later ones inherit them, and would keep them twice if they were repeated.</summary>
    CSharpCompilation Compilation(string name, SyntaxTree tree) =>
        CSharpCompilation.CreateScriptCompilation(name, tree, assemblies.Unseen, Options, previous, typeof(object));

    void Remember(object state)
    {
        foreach (var field in state.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            if (!field.Name.StartsWith('<')) variables[field.Name] = new(field.Name, field, state);
    }
}
