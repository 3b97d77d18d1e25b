using System.Text;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace EfQat.Jupyter.Language;

/// <summary>Signature and documentation of what stands at a place in the code.</summary>
static class Inspection
{
    /// <summary>Markdown; null where nothing is known.</summary>
    public static string? At(CSharpSession session, string code, int position)
    {
        var sketch = session.Sketch(code);
        var tree = sketch.SyntaxTrees.Single();
        if (code.Length == 0) return null;
        var model = sketch.GetSemanticModel(tree);
        var token = tree.GetRoot().FindToken(Math.Clamp(position - 1, 0, code.Length - 1));
        for (var node = token.Parent; node is not null && node.Span.Length < 200; node = node.Parent)
            if (Find(model, node) is { } symbol) return Describe(symbol);
        return null;
    }

    static ISymbol? Find(SemanticModel model, SyntaxNode node)
    {
        var info = model.GetSymbolInfo(node);
        return info.Symbol ?? info.CandidateSymbols.FirstOrDefault() ?? model.GetDeclaredSymbol(node);
    }

    static string Describe(ISymbol symbol)
    {
        var text = new StringBuilder($"```csharp\n{symbol.ToDisplayString(Signature)}\n```\n");
        if (symbol.GetDocumentationCommentXml() is { Length: > 0 } xml)
        {
            var documentation = XElement.Parse(xml.TrimStart().StartsWith("<member") ? xml : $"<member>{xml}</member>");
            foreach (var part in documentation.Elements())
                if (Flatten(part) is { Length: > 0 } said)
                    text.Append('\n').Append(part.Name.LocalName switch
                    {
                        "summary" => said,
                        "param" => $"- `{part.Attribute("name")?.Value}`: {said}",
                        "exception" => $"- throws `{Name(part.Attribute("cref")?.Value)}`: {said}",
                        var other => $"- {other}: {said}",
                    }).Append('\n');
        }
        return text.ToString();
    }

    static readonly SymbolDisplayFormat Signature = SymbolDisplayFormat.CSharpErrorMessageFormat
        .WithMemberOptions(SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeContainingType | SymbolDisplayMemberOptions.IncludeConstantValue)
        .WithParameterOptions(SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeParamsRefOut)
        .WithKindOptions(SymbolDisplayKindOptions.IncludeTypeKeyword | SymbolDisplayKindOptions.IncludeNamespaceKeyword)
        .WithLocalOptions(SymbolDisplayLocalOptions.IncludeType);

    static string Flatten(XElement part) => string.Join(' ', string.Concat(part.Nodes().Select(node => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "seealso" } see => $"`{Name((see.Attribute("cref") ?? see.Attribute("langword"))?.Value)}`",
        XElement { Name.LocalName: "paramref" or "typeparamref" } reference => $"`{reference.Attribute("name")?.Value}`",
        XElement { Name.LocalName: "c" or "code" } code => $"`{code.Value}`",
        XElement other => Flatten(other),
        _ => "",
    })).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static string? Name(string? cref) => cref is [_, ':', .. var name] ? name : cref;
}
