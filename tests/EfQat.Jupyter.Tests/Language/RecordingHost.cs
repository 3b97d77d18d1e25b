using EfQat.Display;

namespace EfQat.Jupyter.Tests.Language;

/// <summary>A notebook without Jupyter: keeps what a cell shows.</summary>
sealed class RecordingHost : ICellHost
{
    public List<MimeBundle> Shown { get; } = [];

    public string Text { get; private set; } = "";

    public void Show(MimeBundle bundle, string id, bool update) => Shown.Add(bundle);

    public void Clear(bool wait) => Shown.Clear();

    public void Write(string text, bool isError) => Text += text;

    public string ReadLine(string prompt, bool isPassword) => "typed";
}

static class Sessions
{
    /// <summary>The plain text of a cell's result; its error where it fails.</summary>
    public static string? Show(this NotebookSession session, string code, RecordingHost? host = null)
    {
        var result = session.Run(code, "cell[1]", host ?? new());
        return result.Error is { } error ? $"{error.Name}: {error.Message}" : result.Output?["text/plain"];
    }
}
