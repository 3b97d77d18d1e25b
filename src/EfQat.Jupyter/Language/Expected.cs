using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EfQat.Jupyter.Language;

/// <summary>What a place in unfinished code asks for: completions that fit come first.</summary>
/// <param name="Type">The type a value there must have; null where any will do.</param>
/// <param name="Parameters">Of the method whose argument it is.</param>
sealed record Expected(ITypeSymbol? Type, IReadOnlyList<IParameterSymbol> Parameters)
{
    /// <param name="model">Of the unfinished code.</param>
    /// <param name="before">The token before the name that is being written.</param>
    public static Expected At(SemanticModel model, SyntaxToken before)
    {
        var place = before.IsKind(SyntaxKind.DotToken) ? before.Parent?.Parent : before.Parent; // a.b stands where a stood
        if (before.IsKind(SyntaxKind.NewKeyword)) place = place?.Parent;
        return place switch
        {
            EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Type: { IsVar: false } type } } } => new(model.GetTypeInfo(type).Type, []),
            AssignmentExpressionSyntax assignment => new(model.GetTypeInfo(assignment.Left).Type, []),
            ArgumentSyntax { Parent: ArgumentListSyntax list } => OfArgument(model, list, before.SpanStart),
            ArgumentListSyntax list => OfArgument(model, list, before.SpanStart),
            _ => new(null, []),
        };
    }

    /// <summary>The place in the list: what fits, the notebook's own names, members, types, what every object has.</summary>
    public int Rank(ISymbol symbol, Compilation compilation) =>
        Fits(symbol, compilation) ? 0
        : symbol is ILocalSymbol or IParameterSymbol or IRangeVariableSymbol || symbol.ContainingType is { IsScriptClass: true } ? 1
        : symbol is INamespaceOrTypeSymbol ? 3
        : symbol.ContainingType is { SpecialType: SpecialType.System_Object } ? 4
        : 2;

    bool Fits(ISymbol symbol, Compilation compilation)
    {
        var type = symbol switch
        {
            ILocalSymbol local => local.Type,
            IParameterSymbol parameter => parameter.Type,
            IFieldSymbol field => field.Type,
            IPropertySymbol property => property.Type,
            IMethodSymbol method => method.ReturnType,
            _ => symbol as ITypeSymbol,
        };
        return type is not null && Type is { TypeKind: not (TypeKind.Error or TypeKind.TypeParameter), SpecialType: not SpecialType.System_Object }
            && ((CSharpCompilation)compilation).ClassifyConversion(type, Type) is { IsIdentity: true } or { IsImplicit: true, IsReference: true };
    }

    static Expected OfArgument(SemanticModel model, ArgumentListSyntax list, int position)
    {
        var symbols = model.GetSymbolInfo(list.Parent!);
        var methods = symbols.Symbol is { } found ? [found] : symbols.CandidateSymbols;
        int index = list.Arguments.GetSeparators().Count(comma => comma.SpanStart <= position);
        var parameters = methods.OfType<IMethodSymbol>().Select(m => m.Parameters).Where(p => p.Length > index).OrderBy(p => p.Length).FirstOrDefault();
        return parameters.IsDefault ? new(null, []) : new(parameters[index].Type, [.. parameters.Skip(index)]);
    }
}
