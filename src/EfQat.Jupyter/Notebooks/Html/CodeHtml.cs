using System.Net;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EfQat.Jupyter.Notebooks.Html;

/// <summary>C# with its parts marked for colour. What a name is follows from where it stands; nothing is compiled.</summary>
static class CodeHtml
{
    static readonly CSharpParseOptions Script = new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);

    static readonly string[] Foreign = ["fsharp", "html", "markdown", "javascript", "svg"];

    /// <summary>The inside of a <c>&lt;code&gt;</c>. A cell that begins in another language stays plain.</summary>
    public static string Of(string code)
    {
        if (Foreign.Any(language => code.StartsWith($"#!{language}"))) return WebUtility.HtmlEncode(code);
        var html = new StringBuilder();
        foreach (var token in CSharpSyntaxTree.ParseText(code, Script).GetRoot().DescendantTokens())
        {
            Append(html, token.LeadingTrivia);
            Append(html, Kind(token), token.Text);
            Append(html, token.TrailingTrivia);
        }
        return html.ToString();
    }

    static void Append(StringBuilder html, SyntaxTriviaList trivia)
    {
        foreach (var part in trivia)
            Append(html, part.IsDirective ? "directive" : part.ToString().StartsWith('/') ? "comment" : null, part.ToFullString());
    }

    static void Append(StringBuilder html, string? kind, string text)
    {
        var encoded = WebUtility.HtmlEncode(text);
        html.Append(kind is null || text.Length == 0 ? encoded : $"<span class=\"{kind}\">{encoded}</span>");
    }

    static string? Kind(SyntaxToken token) => token.Kind() switch
    {
        SyntaxKind.NumericLiteralToken => "number",
        SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedStringEndToken
            or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.InterpolatedVerbatimStringStartToken or SyntaxKind.SingleLineRawStringLiteralToken
            or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.Utf8StringLiteralToken => "string",
        SyntaxKind.IdentifierToken => NameKind(token),
        var kind => SyntaxFacts.IsKeywordKind(kind) ? "keyword" : null,
    };

    static string? NameKind(SyntaxToken name) => name.Parent switch
    {
        IdentifierNameSyntax { Identifier.Text: "var" } => "keyword",
        BaseTypeDeclarationSyntax => "type",
        MethodDeclarationSyntax or LocalFunctionStatementSyntax => "method",
        SimpleNameSyntax { Parent: InvocationExpressionSyntax or MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax } } part when IsCalled(part) => "method",
        SimpleNameSyntax { Parent: MemberAccessExpressionSyntax access } part when access.Expression == part && char.IsUpper(name.Text[0]) && name.Text.Length > 1 => "type",
        SimpleNameSyntax part when SyntaxFacts.IsInTypeOnlyContext(part) => "type",
        _ => null,
    };

    static bool IsCalled(SimpleNameSyntax name) => name.Parent switch
    {
        InvocationExpressionSyntax call => call.Expression == name,
        MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } access => access.Name == name && call.Expression == access,
        _ => false,
    };
}
