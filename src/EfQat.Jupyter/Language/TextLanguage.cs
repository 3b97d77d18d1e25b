using EfQat.Display;

namespace EfQat.Jupyter.Language;

/// <summary>A cell that is shown rather than run: HTML, Markdown, JavaScript, SVG.</summary>
sealed class TextLanguage(string name, string mimeType) : ILanguage
{
    public string Name => name;

    public IEnumerable<Variable> Variables => [];

    public Task<object?> Run(string code, string cell) => Task.FromResult<object?>(MimeBundle.Of(mimeType, code));

    public void Set(string name, object? value) => throw new UserError($"#!share: {Name} has no variables");
}
