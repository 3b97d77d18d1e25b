using System.Runtime.CompilerServices;

namespace EfQat.Browser.Tests;

/// <summary>What a person sees in Jupyter Notebook.</summary>
[Collection("Jupyter Notebook")]
public sealed class NotebookTests(JupyterNotebook notebook)
{
    const int Table = 0, Frame = 1, Chart = 2, Heatmap = 3, Progress = 4, Live = 5, Picture = 6, Error = 7, Loop = 8, Next = 9;

    static string Screenshots([CallerFilePath] string file = "") =>
        Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "artifacts", "screenshots");

    [SkippableFact]
    public async Task Charts_are_drawn_with_every_point()
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        await notebook.Cell(Chart).Locator(".js-plotly-plot .scatterlayer .point").Nth(6).WaitForAsync();
        Assert.Equal(7, await notebook.Cell(Chart).Locator(".js-plotly-plot .scatterlayer .point").CountAsync());
        await notebook.Cell(Heatmap).Locator(".js-plotly-plot .heatmaplayer image").WaitForAsync();
        await notebook.Cell(Live).Locator(".js-plotly-plot .scatterlayer .js-line").WaitForAsync();
        var title = await notebook.Cell(Live).Locator(".js-plotly-plot .gtitle").TextContentAsync();
        Assert.Matches(@"^falling 60/60 · [\d.]+/s · height 0\.084$", title!); // 2.3 e^-3 + 0.1 sin 60
    }

    [SkippableTheory]
    [InlineData(Progress, "progress[value='60'][max='60']")]
    [InlineData(Live, ".js-plotly-plot")]
    public async Task Progress_is_updated_in_place(int cell, string last)
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        await notebook.Cell(cell).Locator(last).WaitForAsync();
        Assert.Equal(1, await notebook.Cell(cell).Locator(".output_area").CountAsync());
    }

    [SkippableTheory]
    [InlineData(Table, "0.125")]
    [InlineData(Frame, "25")]
    public async Task Numbers_stand_right_in_tables(int cell, string number)
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        var place = notebook.Cell(cell).Locator("td", new() { HasTextString = number });
        Assert.Equal("right", await place.EvaluateAsync<string>("cell => getComputedStyle(cell).textAlign"));
    }

    [SkippableFact]
    public async Task An_error_shows_its_line_and_a_picture_is_a_picture()
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        var trace = await notebook.Cell(Error).Locator(".output_error").InnerTextAsync();
        Assert.Contains("System.DivideByZeroException", trace);
        Assert.Contains("at cell[8], line 2: double Ratio(int kept, int all) => 100 / (all - kept);", trace);
        Assert.Equal(1, await notebook.Cell(Picture).Locator(".output_svg circle").CountAsync());
    }

    [SkippableFact]
    public async Task Stop_ends_an_endless_loop_and_the_next_cell_runs()
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        await notebook.Cell(Loop).Locator(".CodeMirror").ClickAsync();
        await notebook.Page.Keyboard.PressAsync("Shift+Enter");
        await notebook.Page.Locator(".kernel_busy_icon").WaitForAsync();
        await notebook.Page.ClickAsync("button[data-jupyter-action='jupyter-notebook:interrupt-kernel']");
        await notebook.Cell(Loop).Locator(".output_error").WaitForAsync();
        await notebook.Cell(Next).Locator(".CodeMirror").ClickAsync();
        await notebook.Page.Keyboard.PressAsync("Control+Enter");
        Assert.Equal("42", (await notebook.Cell(Next).Locator(".output_result").InnerTextAsync()).Trim());
    }

    /// <summary>Leaves artifacts/screenshots/notebook.png; <c>cp artifacts/screenshots/notebook.png data/results/</c> makes it the README's.</summary>
    [SkippableFact]
    public async Task A_screenshot_shows_all_kinds_of_output()
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        await notebook.Cell(Live).Locator(".js-plotly-plot").WaitForAsync();
        var (first, last) = (await notebook.Cell(Table).BoundingBoxAsync(), await notebook.Cell(Error).BoundingBoxAsync());
        var png = await notebook.Page.ScreenshotAsync(new() { Clip = new() { X = first!.X, Y = first.Y, Width = first.Width, Height = last!.Y + last.Height - first.Y } });
        Directory.CreateDirectory(Screenshots());
        await File.WriteAllBytesAsync(Path.Combine(Screenshots(), "notebook.png"), png);
        Assert.InRange(await notebook.Browser.CountColors(png), 100, int.MaxValue);
    }
}
