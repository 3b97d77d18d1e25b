using EfQat.Jupyter.Language;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EfQat.Jupyter.Notebooks;

/// <summary>The settings of a notebook: the variables of its first code cell tagged <c>parameters</c>.</summary>
public sealed class Parameters
{
    static readonly string[] Suffixes = ["", "f", "m", "d", "L", "u", "ul"];
    readonly CSharpSession session = new();
    readonly NotebookFile notebook;
    readonly NotebookCell? cell;

    /// <summary>The settings of <paramref name="notebook"/>.</summary>
    public Parameters(NotebookFile notebook)
    {
        this.notebook = notebook;
        cell = notebook.Cells.FirstOrDefault(c => c.Kind == "code" && c.Tags.Contains("parameters"));
    }

    /// <summary>Their names; none where the notebook has no such cell.</summary>
    public IReadOnlyList<string> Names => cell is null ? [] : [.. Variables(session.Sketch(cell.Source)).Select(v => v.Identifier.Text)];

    /// <summary>Writes a value into the variable's declaration, so that the notebook says what it ran with. Comments stay.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="value">A literal of its type as in C#, or <c>[a, b]</c> of these; a text needs no quotes.</param>
    /// <exception cref="UserError">There is no such variable, or the value is not of its type.</exception>
    public void Set(string name, string value)
    {
        if (cell is null) throw new UserError($"--set {name}: {notebook.Path} has no code cell tagged parameters; tag the one with the settings");
        var compilation = session.Sketch(cell.Source);
        var variable = Find(compilation, name) ?? throw new UserError($"--set {name}: no such setting; the notebook has {string.Join(", ", Names)}");
        var type = Type(compilation, variable);
        cell.Source = Literals(value.Trim()).Select(literal => Replace(variable, literal)).FirstOrDefault(IsSameType)
            ?? throw new UserError($"--set {name}: '{value}' is not of type {type}; write a bool, a number or a text, or [a, b] of these");

        bool IsSameType(string source)
        {
            var changed = session.Sketch(source);
            return Find(changed, name) is { } again && Type(changed, again) == type
                && !changed.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error && d.Location.SourceSpan.IntersectsWith(again.Span));
        }
    }

    string Replace(VariableDeclaratorSyntax variable, string literal) => variable.Initializer is { Value.Span: var old }
        ? cell!.Source.Remove(old.Start, old.Length).Insert(old.Start, literal)
        : cell!.Source.Insert(variable.Span.End, $" = {literal}");

    /// <summary>What the value may stand for; the variable's type decides. Nothing here computes, so nothing in a value can.</summary>
    static IEnumerable<string> Literals(string value) => SyntaxFactory.ParseExpression(value) switch
    {
        { ContainsDiagnostics: true } => [Quoted(value)],
        CollectionExpressionSyntax { Elements: var elements } when elements.All(e => e is ExpressionElementSyntax { Expression: var item } && IsLiteral(item)) =>
            Suffixes.Select(suffix => string.Join(", ", elements.Select(e => $"{e}{suffix}"))).SelectMany(items => (string[])[$"[{items}]", $"new[] {{ {items} }}"]),
        var expression when IsLiteral(expression) => Suffixes.Select(suffix => value + suffix).Append(Quoted(value)),
        _ => [Quoted(value)],
    };

    static bool IsLiteral(ExpressionSyntax expression) => expression switch
    {
        PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.UnaryMinusExpression, Operand: var operand } => operand.IsKind(SyntaxKind.NumericLiteralExpression),
        _ => expression.Kind() is SyntaxKind.NumericLiteralExpression or SyntaxKind.StringLiteralExpression or SyntaxKind.TrueLiteralExpression or SyntaxKind.FalseLiteralExpression,
    };

    static string Quoted(string text) => SymbolDisplay.FormatLiteral(text, quote: true);

    static VariableDeclaratorSyntax? Find(Compilation compilation, string name) => Variables(compilation).FirstOrDefault(v => v.Identifier.Text == name);

    static IEnumerable<VariableDeclaratorSyntax> Variables(Compilation compilation) =>
        ((CompilationUnitSyntax)compilation.SyntaxTrees.Single().GetRoot()).Members.OfType<FieldDeclarationSyntax>().SelectMany(f => f.Declaration.Variables);

    static string Type(Compilation compilation, VariableDeclaratorSyntax variable) =>
        ((IFieldSymbol)compilation.GetSemanticModel(variable.SyntaxTree).GetDeclaredSymbol(variable)!).Type.ToDisplayString();
}
