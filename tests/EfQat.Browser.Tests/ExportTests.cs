using EfQat.Cli;
using Microsoft.Playwright;

namespace EfQat.Browser.Tests;

/// <summary>The notebook as a page of its own, opened from the disk without a network.</summary>
[Collection("Jupyter Notebook")]
public sealed class ExportTests(JupyterNotebook notebook)
{
    const string Nbconvert = "/usr/bin/jupyter-nbconvert";

    [SkippableTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Nbconverts_page_draws_the_charts(ColorScheme scheme)
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        Skip.IfNot(File.Exists(Nbconvert), "jupyter-nbconvert is not installed");
        var file = Path.ChangeExtension(notebook.Saved, "html");
        if (!File.Exists(file)) await notebook.Run(Nbconvert, "--to", "html", notebook.Saved);
        await ChartsAreDrawn(file, scheme);
    }

    [SkippableTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Our_page_draws_the_charts(ColorScheme scheme)
    {
        Skip.If(JupyterNotebook.Missing is not null, JupyterNotebook.Missing);
        var file = Path.ChangeExtension(notebook.Saved, "page.html");
        if (!File.Exists(file)) await notebook.Run("dotnet", typeof(CommandLine).Assembly.Location, "notebook", "html", notebook.Saved, "--out", file);
        await ChartsAreDrawn(file, scheme);
    }

    async Task ChartsAreDrawn(string file, ColorScheme scheme)
    {
        List<string> errors = [];
        var page = await notebook.Browser.Open($"file://{file}", scheme, watch: page =>
        {
            page.PageError += (_, error) => errors.Add(error);
            page.Console += (_, message) =>
            {
                // nbconvert's page itself asks for MathJax and require.js on the network, which is not there
                if (message.Type == "error" && !message.Text.Contains("net::ERR_")) errors.Add(message.Text);
            };
        });
        await page.Locator(".js-plotly-plot").Nth(2).WaitForAsync();
        Assert.Equal(7, await page.Locator(".js-plotly-plot .scatterlayer .point").CountAsync());
        Assert.Equal(1, await page.Locator(".js-plotly-plot .heatmaplayer image").CountAsync());
        Assert.Equal(0, await page.Locator("[data-chart] img").CountAsync()); // no static picture is left
        Assert.InRange(await page.EvaluateAsync<double>(Contrast), 4.5, 21); // WCAG's bound for text
        Assert.Empty(errors);
    }

    /// <summary>WCAG 2's contrast of an axis label with the page behind it.</summary>
    const string Contrast =
        """
        () => {
          const label = document.querySelector(".js-plotly-plot .xtick text");
          const colors = element => getComputedStyle(element).backgroundColor.match(/[\d.]+/g).map(Number);
          let behind = label.closest(".js-plotly-plot");
          while (behind.parentElement && colors(behind)[3] === 0) behind = behind.parentElement;
          const paper = colors(behind)[3] === 0 ? [255, 255, 255] : colors(behind);
          const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const [dark, bright] = [light(getComputedStyle(label).fill.match(/[\d.]+/g).map(Number)), light(paper)].sort((a, b) => a - b);
          return (bright + 0.05) / (dark + 0.05);
        }
        """;
}
