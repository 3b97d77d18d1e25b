namespace EfQat.Display;

/// <summary>What every cell can call by its bare name. The names are .NET Interactive's, hence the lower case.</summary>
public static class Notebook
{
    /// <summary>Shows a value in the cell's output; the result updates it in place.</summary>
    public static DisplayedValue display(object? value) => new(Formatter.Format(value));

    /// <summary>Shows a text as what it is said to be: <c>text/html</c>, <c>text/markdown</c>, <c>image/svg+xml</c>, ….</summary>
    public static DisplayedValue display(string text, string mimeType) => new(MimeBundle.Of(mimeType, text));

    /// <summary>HTML to be shown as such: as a cell's last expression, or by <see cref="display(object)"/>.</summary>
    public static MimeText HTML(string html) => new("text/html", html);

    /// <summary>Markdown to be shown as such.</summary>
    public static MimeText Markdown(string markdown) => new("text/markdown", markdown);

    /// <summary>Removes the cell's outputs so far.</summary>
    /// <param name="wait">Only when the next output comes, which avoids flicker.</param>
    public static void clear_output(bool wait = false)
    {
        NotebookChart.Cleared(Cell.Current);
        Cell.Current?.Host.Clear(wait);
    }

    /// <summary>Asks the person for a line that is not shown while it is typed.</summary>
    public static string password(string prompt = "") =>
        (Cell.Current ?? throw new InvalidOperationException("password() works in a notebook cell only")).Host.ReadLine(prompt, isPassword: true);
}

/// <summary>A text with its MIME type.</summary>
public sealed record MimeText(string MimeType, string Text) : IDisplayable
{
    /// <inheritdoc/>
    public MimeBundle ToMimeBundle() => MimeBundle.Plain(Text).With(MimeType, Text);
}

/// <summary>An output that is on the page and can be replaced.</summary>
public sealed class DisplayedValue
{
    readonly string id = Guid.NewGuid().ToString("N");
    readonly Cell? cell = Cell.Current;
    bool bringsPlotly;

    internal DisplayedValue(MimeBundle first) => Show(first, update: false);

    /// <summary>Shows another value in its place.</summary>
    public void Update(object? value)
    {
        if (bringsPlotly) NotebookChart.NewPage(); // the page is about to lose it
        Show(Formatter.Format(value), update: true);
    }

    void Show(MimeBundle bundle, bool update)
    {
        bringsPlotly = NotebookChart.BringsPlotly(bundle);
        if (cell is not null) cell.Host.Show(bundle, id, update);
        else Console.WriteLine(bundle["text/plain"]);
    }
}
