using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EfQat.Jupyter.Language;

/// <summary>What could stand at a place in the code.</summary>
/// <param name="Matches">Whole names.</param>
/// <param name="Start">Where the name begins that a match replaces, in UTF-16 units.</param>
/// <param name="End">Where it ends.</param>
sealed record Completions(IReadOnlyList<string> Matches, int Start, int End)
{
    static readonly string[] Keywords =
        [.. SyntaxFacts.GetReservedKeywordKinds().Concat(SyntaxFacts.GetContextualKeywordKinds()).Select(SyntaxFacts.GetText).Where(SyntaxFacts.IsValidIdentifier).Distinct()];

    /// <summary>Names known at a position, those of earlier cells included; what fits there first.</summary>
    public static Completions At(CSharpSession session, string code, int position)
    {
        int start = position;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(code[start - 1])) start--;
        string typed = code[start..position];

        var sketch = session.Sketch(code);
        var tree = sketch.SyntaxTrees.Single();
        var model = sketch.GetSemanticModel(tree);
        var before = tree.GetRoot().FindToken(Math.Max(0, start - 1));
        var symbols = before.Parent switch
        {
            MemberAccessExpressionSyntax access when before == access.OperatorToken => Members(model, access.Expression, start),
            MemberBindingExpressionSyntax { Parent: ConditionalAccessExpressionSyntax access } => Members(model, access.Expression, start),
            QualifiedNameSyntax name when before == name.DotToken => Members(model, name.Left, start),
            _ => model.LookupSymbols(Math.Min(start, tree.Length)).AsEnumerable(),
        };
        var expected = Expected.At(model, before);
        bool isMember = before.IsKind(SyntaxKind.DotToken);
        if (before.IsKind(SyntaxKind.NewKeyword)) symbols = symbols.Where(s => s is INamespaceSymbol or INamedTypeSymbol { IsAbstract: false, IsStatic: false });
        var names = symbols.Where(s => s.CanBeReferencedByName && !s.IsImplicitlyDeclared).Select(s => (s.Name, Rank: expected.Rank(s, sketch)));
        if (!isMember) names = names.Concat(expected.Parameters.Select(p => ($"{p.Name}:", 2))).Concat(Keywords.Select(k => (k, 3)));
        return new([.. names.Where(n => n.Name.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(n => n.Name.StartsWith(typed, StringComparison.Ordinal)).ThenBy(n => n.Rank).ThenBy(n => n.Name, StringComparer.OrdinalIgnoreCase)
            .Select(n => n.Name).Distinct()], start, position);
    }

    static IEnumerable<ISymbol> Members(SemanticModel model, ExpressionSyntax owner, int position)
    {
        var symbol = model.GetSymbolInfo(owner).Symbol;
        if (symbol is INamespaceOrTypeSymbol container) // Namespace. or Type.: what is static
            return model.LookupSymbols(position, container).Where(s => s.IsStatic || s is INamespaceOrTypeSymbol or IFieldSymbol { IsConst: true });
        return model.GetTypeInfo(owner).Type is { } type
            ? model.LookupSymbols(position, type, includeReducedExtensionMethods: true).Where(s => !s.IsStatic)
            : [];
    }
}
