using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EfQat.Cli;
using Microsoft.Playwright;

namespace EfQat.Browser.Tests;

/// <summary>
/// Jupyter Notebook as a person uses it: its server with this repository's kernel, and a browser in which every cell of the sample was run
/// up to the error, and the notebook saved.
/// </summary>
[CollectionDefinition("Jupyter Notebook")]
public sealed class JupyterNotebook : IAsyncLifetime, ICollectionFixture<JupyterNotebook>
{
    const string Server = "/usr/bin/jupyter-notebook", File = "sample.ipynb";
    readonly string folder = Directory.CreateTempSubdirectory("efqat-browser-").FullName;
    Process? server;

    /// <summary>Why there is nothing to test; null where there is.</summary>
    public static string? Missing =>
        !Chromium.IsInstalled ? "chromium is not installed" : !System.IO.File.Exists(Server) ? "jupyter-notebook is not installed" : null;

    public Chromium Browser { get; private set; } = null!;

    public IPage Page { get; private set; } = null!;

    /// <summary>The saved notebook, with outputs.</summary>
    public string Saved => Path.Combine(folder, File);

    public async Task InitializeAsync()
    {
        if (Missing is not null) return;
        Sample.Write(Saved);
        await Run("dotnet", typeof(CommandLine).Assembly.Location, "kernel", "install", "--prefix", folder);
        int port = FreePort();
        server = Start(
            Server, "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={port}", "--port-retries=0", "--NotebookApp.token=sesame", $"--notebook-dir={folder}");
        await Answer(port);
        Browser = await Chromium.Start();
        Page = await Browser.Open($"http://127.0.0.1:{port}/notebooks/{File}?token=sesame");
        await Page.WaitForFunctionAsync("() => window.Jupyter?.notebook?.kernel?.is_connected()");
        await Page.ClickAsync("#celllink");
        await Page.ClickAsync("#run_all_cells");
        await Page.WaitForSelectorAsync(".output_error");
        await Page.WaitForFunctionAsync("() => document.querySelectorAll('.cell.running').length === 0");
        await Page.EvaluateAsync("() => Jupyter.notebook.save_notebook()");
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null) await Browser.DisposeAsync();
        server?.Kill(entireProcessTree: true);
        server?.WaitForExit();
        server?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The cell's part of the page, from 0.</summary>
    public ILocator Cell(int index) => Page.Locator(".cell").Nth(index);

    /// <summary>Runs a program to its end, in the folder, and returns what it printed.</summary>
    public async Task<string> Run(string program, params string[] args)
    {
        using var process = Start(program, args);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        var text = await output + await error;
        return process.ExitCode == 0 ? text : throw new InvalidOperationException($"{program} {string.Join(' ', args)}: {text}");
    }

    Process Start(string program, params string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        start.Environment["JUPYTER_PATH"] = Path.Combine(folder, "share", "jupyter");
        foreach (var name in new[] { "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR" })
            start.Environment[name] = Path.Combine(folder, ".jupyter");
        return Process.Start(start)!;
    }

    async Task Answer(int port)
    {
        server!.ErrorDataReceived += (_, _) => { }; // a full pipe would stop it
        server.BeginErrorReadLine();
        using var client = new HttpClient();
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
            try
            {
                await client.GetStringAsync($"http://127.0.0.1:{port}/api");
                return;
            }
            catch (HttpRequestException) when (clock.Elapsed.TotalSeconds < 30 && !server.HasExited)
            {
                // not yet
            }
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
