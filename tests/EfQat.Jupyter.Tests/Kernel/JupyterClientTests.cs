using System.Diagnostics;
using System.Text.Json;
using EfQat.Cli;

namespace EfQat.Jupyter.Tests.Kernel;

/// <summary>Jupyter's own client and nbclient, through a kernel that <c>efqat kernel install</c> put there.</summary>
public sealed class JupyterClientTests : IDisposable
{
    const string Python = "/usr/bin/python3";
    readonly string folder = Directory.CreateTempSubdirectory("efqat-jupyter-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SkippableFact]
    public void A_notebook_of_204_cells_and_a_restart()
    {
        Skip.IfNot(File.Exists(Python) && Finish(Start(Python, "-c", "import nbclient, jupyter_client")).Code == 0, $"{Python} has no nbclient");
        Efqat("install", "--prefix", folder);

        var (code, text) = Finish(Start(Python, Path.Combine(AppContext.BaseDirectory, "Kernel", "client.py")));
        Assert.True(code == 0, text);
        var result = JsonDocument.Parse(text.Split('\n').Last(line => line.StartsWith('{'))).RootElement;
        var cells = result.GetProperty("outputs").EnumerateArray().ToArray();
        Assert.Equal(204, cells.Length);
        Assert.Empty(cells[0].EnumerateArray());
        Assert.Equal("hello\n", cells[1][0].GetProperty("text").GetString());
        Assert.Equal("21", Exchange.Plain(cells[1][1]));
        Assert.Contains("<th>A</th><th>B</th>", cells[2][0].GetProperty("data").GetProperty("text/html").GetString());
        Assert.Equal("40", Exchange.Plain(cells[3][0]));
        Assert.Equal($"{20 + 199 * 200 / 2}", Exchange.Plain(cells[203][0]));
        Assert.Contains("'gone' does not exist", result.GetProperty("after_restart").GetString());
    }

    [Fact]
    public void Uninstall_removes_what_install_wrote()
    {
        Efqat("install", "--prefix", folder);
        var file = Path.Combine(folder, "share", "jupyter", "kernels", "efqat-csharp", "kernel.json");
        var spec = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        Assert.Equal("message", spec.GetProperty("interrupt_mode").GetString());
        Assert.Equal("{connection_file}", spec.GetProperty("argv").EnumerateArray().Last().GetString());
        Efqat("uninstall", "--prefix", folder);
        Assert.False(Directory.Exists(Path.GetDirectoryName(file)));
    }

    void Efqat(params string[] args) => Assert.Equal(0, Finish(Start("dotnet", [typeof(CommandLine).Assembly.Location, "kernel", .. args])).Code);

    Process Start(string program, params string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["JUPYTER_PATH"] = Path.Combine(folder, "share", "jupyter");
        return Process.Start(start)!;
    }

    static (int Code, string Text) Finish(Process process)
    {
        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, errors.Result + output);
        }
    }
}
