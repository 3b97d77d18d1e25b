using EfQat.Display;

namespace EfQat.Jupyter.Language;

/// <summary>A cell that is shown rather than run: HTML, Markdown, JavaScript, SVG, Mermaid.</summary>
sealed class TextLanguage(string name, Func<string, MimeBundle> show) : ILanguage
{
    public TextLanguage(string name, string mimeType) : this(name, code => MimeBundle.Of(mimeType, code)) { }

    /// <summary>
    /// Diagrams. mermaid.js (3 MB) is not brought along: JupyterLab 4.1 draws them by itself, VS Code in Markdown where it has the Mermaid
    /// extension; everywhere else their text is shown.
    /// </summary>
    public static TextLanguage Mermaid { get; } = new("mermaid", code => MimeBundle
        .Plain(code.Trim()).With("text/markdown", $"```mermaid\n{code.Trim()}\n```").With("text/vnd.mermaid", code.Trim()));

    public string Name => name;

    public IEnumerable<Variable> Variables => [];

    public Task<object?> Run(string code, string cell) => Task.FromResult<object?>(show(code));

    public void Set(string name, object? value) => throw new UserError($"#!share: {Name} has no variables");
}
