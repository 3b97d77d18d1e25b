using Microsoft.Playwright;

namespace EfQat.Browser.Tests;

/// <summary>Debian's chromium without a screen. It finds no host but this one: what a page shows came from here.</summary>
public sealed class Chromium : IAsyncDisposable
{
    const string Executable = "/usr/bin/chromium";
    readonly IPlaywright playwright;
    readonly IBrowser browser;

    Chromium(IPlaywright playwright, IBrowser browser) => (this.playwright, this.browser) = (playwright, browser);

    public static bool IsInstalled => File.Exists(Executable);

    public static async Task<Chromium> Start()
    {
        var playwright = await Playwright.CreateAsync();
        return new(playwright, await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Executable,
            Args = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        }));
    }

    public async Task<IPage> Open(string address, ColorScheme scheme = ColorScheme.Light, int height = 2300, Action<IPage>? watch = null)
    {
        var context = await browser.NewContextAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = 1000, Height = height } });
        context.SetDefaultTimeout(30_000);
        var page = await context.NewPageAsync();
        watch?.Invoke(page);
        await page.GotoAsync(address);
        return page;
    }

    /// <summary>How many colours a PNG has; a blank picture has one.</summary>
    public async Task<int> CountColors(byte[] png)
    {
        var page = await Open("about:blank");
        return await page.EvaluateAsync<int>(
            """
            async base64 => {
              const picture = new Image();
              picture.src = "data:image/png;base64," + base64;
              await picture.decode();
              const context = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height }).getContext("2d");
              context.drawImage(picture, 0, 0);
              return new Set(new Uint32Array(context.getImageData(0, 0, picture.width, picture.height).data.buffer)).size;
            }
            """, Convert.ToBase64String(png));
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }
}
