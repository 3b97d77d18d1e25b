using System.Diagnostics;

namespace EfQat.Display.Tests;

/// <summary>A headless chromium that cannot reach any host: what it shows came from the file alone.</summary>
static class Browser
{
    static readonly string? Executable = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(folder => new[] { "chromium", "chromium-browser", "google-chrome" }.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    public static bool IsInstalled => Executable is not null;

    /// <summary>The page's document after its scripts have run.</summary>
    public static string Render(string html)
    {
        var folder = Directory.CreateTempSubdirectory("efqat-page-").FullName;
        try
        {
            var page = Path.Combine(folder, "page.html");
            File.WriteAllText(page, html);
            using var process = Process.Start(new ProcessStartInfo(Executable!,
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
                $"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
                "--virtual-time-budget=5000", "--dump-dom", "file://" + page,
            ])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            var document = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return document;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
