using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EfQat.Display;
using Markdig;
using Markdig.Extensions.Mathematics;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace EfQat.Jupyter.Notebooks.Html;

/// <summary>A heading and where a link finds it.</summary>
readonly record struct Heading(int Level, string Id, string Text);

/// <summary>Markdown as HTML that needs no other file: pictures move in, formulas wait for KaTeX, C# is coloured.</summary>
/// <param name="folder">Where the notebook's pictures are.</param>
sealed partial class MarkdownHtml(string folder)
{
    static readonly MarkdownPipeline Pipeline = CreatePipeline();

    readonly HashSet<string> ids = [];

    /// <summary>All headings so far.</summary>
    public List<Heading> Headings { get; } = [];

    /// <summary>Whether a formula was among the text so far.</summary>
    public bool HasFormulas { get; private set; }

    /// <summary>One text as HTML.</summary>
    public string Convert(string markdown, JsonObject? attachments = null)
    {
        var document = Markdown.Parse(markdown, Pipeline);
        foreach (var heading in document.Descendants<HeadingBlock>()) Headings.Add(Name(heading));
        foreach (var link in document.Descendants<LinkInline>())
            if (link is { IsImage: true, Url: { } url }) link.Url = Embedded(url, attachments) ?? url;
        HasFormulas |= document.Descendants<MathInline>().Any() || document.Descendants<MathBlock>().Any();

        using var html = new StringWriter();
        var renderer = new HtmlRenderer(html);
        Pipeline.Setup(renderer);
        renderer.ObjectRenderers.ReplaceOrAdd<HtmlMathInlineRenderer>(new Formula());
        renderer.ObjectRenderers.ReplaceOrAdd<HtmlMathBlockRenderer>(new FormulaBlock());
        renderer.ObjectRenderers.ReplaceOrAdd<CodeBlockRenderer>(new ColoredCode());
        renderer.Render(document);
        return html.ToString();
    }

    static MarkdownPipeline CreatePipeline()
    {
        var builder = new MarkdownPipelineBuilder().UsePipeTables().UseTaskLists().UseFootnotes().UseAutoLinks().UseEmphasisExtras().UseMathematics();
        builder.InlineParsers.Insert(0, new LongFormulaParser());
        return builder.Build();
    }

    /// <summary>Ids as GitHub and VS Code make them, so that links inside a notebook work here too.</summary>
    Heading Name(HeadingBlock heading)
    {
        var text = string.Concat(heading.Inline!.Descendants().Select(part => part switch
        {
            LiteralInline literal => literal.Content.ToString(),
            CodeInline code => code.Content,
            MathInline math => math.Content.ToString(),
            _ => "",
        }));
        var first = NotInId().Replace(text.Trim().ToLowerInvariant(), "").Replace(' ', '-');
        var id = first;
        for (int again = 1; !ids.Add(id); again++) id = $"{first}-{again}";
        heading.GetAttributes().Id = id;
        return new(heading.Level, id, text);
    }

    string? Embedded(string url, JsonObject? attachments)
    {
        if (url.StartsWith("attachment:") && attachments?[url["attachment:".Length..]] is JsonObject forms && forms.FirstOrDefault() is { Key: { } type, Value: { } data })
            return $"data:{type};base64,{NotebookJson.Text(data)}";
        var file = Path.Combine(folder, Uri.UnescapeDataString(url));
        if (url.Contains(':') || !File.Exists(file)) return null;
        var mimeType = Path.GetExtension(file).ToLowerInvariant() switch
        {
            ".svg" => "image/svg+xml",
            ".jpg" or ".jpeg" => "image/jpeg",
            var extension => $"image/{extension.TrimStart('.')}",
        };
        return $"data:{mimeType};base64,{System.Convert.ToBase64String(File.ReadAllBytes(file))}";
    }

    sealed class Formula : HtmlObjectRenderer<MathInline>
    {
        protected override void Write(HtmlRenderer renderer, MathInline math) =>
            renderer.Write(Katex.Formula(math.Content.ToString(), isDisplayed: math.DelimiterCount > 1));
    }

    sealed class FormulaBlock : HtmlObjectRenderer<MathBlock>
    {
        protected override void Write(HtmlRenderer renderer, MathBlock math) => renderer.Write(Katex.Formula(math.Lines.ToString(), isDisplayed: true));
    }

    sealed class ColoredCode : CodeBlockRenderer
    {
        protected override void Write(HtmlRenderer renderer, CodeBlock block)
        {
            var code = block.Lines.ToString();
            bool isCSharp = block is FencedCodeBlock { Info: "csharp" or "cs" or "c#" or "C#" };
            renderer.Write($"<pre><code>{(isCSharp ? CodeHtml.Of(code) : WebUtility.HtmlEncode(code))}</code></pre>\n");
        }
    }

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInId();
}
