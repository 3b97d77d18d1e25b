using System.Diagnostics;
using System.Text.Json;

namespace EfQat.Cli.Tests;

/// <summary><c>efqat notebook</c>: exit codes, messages, and which file is written when.</summary>
public sealed class NotebookTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-notebook-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    static object Code(string source, params string[] tags) =>
        new { cell_type = "code", execution_count = (int?)null, metadata = new { tags }, outputs = Array.Empty<int>(), source };

    string Notebook(string name, params object[] cells)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, JsonSerializer.Serialize(new { cells, metadata = new { }, nbformat = 4, nbformat_minor = 5 }));
        return path;
    }

    static JsonElement[] Outputs(string path, int cell) =>
        [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("cells")[cell].GetProperty("outputs").EnumerateArray()];

    [Fact]
    public async Task Run_writes_outputs_and_settings_back()
    {
        var path = Notebook("a.ipynb", Code("bool quick = true;  // why", "parameters"), Code("Console.WriteLine(quick)"));
        Assert.Equal(new(0, "", ""), await Shell.Run("notebook", "run", path, "--quiet", "--set", "quick=false"));
        Assert.Contains("bool quick = false;  // why", File.ReadAllText(path));
        Assert.Equal("False\n", Assert.Single(Outputs(path, 1)).GetProperty("text")[0].GetString());
        Assert.Equal([path], Directory.EnumerateFiles(folder));
    }

    [Fact]
    public async Task An_empty_notebook_runs() => Assert.Equal(0, (await Shell.Run("notebook", "run", Notebook("a.ipynb"), "--quiet")).ExitCode);

    [Theory]
    [InlineData("int a = 1;\nint b = missing;", "cell[2](2,9): error CS0103", "cell[2] failed: CompileError: ")]
    [InlineData("int a = 0;\nConsole.WriteLine(1 / a);", "   at cell[2], line 2: Console.WriteLine(1 / a);", "cell[2] failed: DivideByZeroException: ")]
    public async Task After_an_error_the_notebook_is_as_it_was_and_out_shows_how_far_it_came(string source, string place, string message)
    {
        var path = Notebook("a.ipynb", Code("1"), Code(source));
        var before = File.ReadAllText(path);
        var target = Path.Combine(folder, "out.ipynb");

        var (code, _, error) = await Shell.Run("notebook", "run", path, "--quiet");
        Assert.Equal(1, code);
        Assert.Contains(place, error);
        Assert.Contains($"error: {path}: {message}", error);
        Assert.Equal([path], Directory.EnumerateFiles(folder));

        Assert.Equal(1, (await Shell.Run("notebook", "run", path, "--quiet", "--out", target)).ExitCode);
        Assert.Equal("error", Outputs(target, 1)[^1].GetProperty("output_type").GetString());
        Assert.Equal(before, File.ReadAllText(path));
    }

    public static TheoryData<string[], int, string> Wrong => new()
    {
        { ["--set", "quick"], 2, "error: --set: 'quick' is not name=value" },
        { ["--set", "=1"], 2, "error: --set: '=1' is not name=value" },
        { ["--set", "fast=1"], 1, "error: --set fast: no such setting; the notebook has quick" },
        { ["--set", "quick=1"], 1, "error: --set quick: '1' is not of type bool" },
        { ["--out", "{folder}/none/out.ipynb"], 1, "there is no such folder" },
        { ["--out", "{folder}"], 1, "a folder; name a file in it" },
        { ["--out", "/proc/out.ipynb"], 1, "error: /proc/out.ipynb: nothing can be written there" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public async Task Wrong_options_are_refused_before_anything_runs(string[] options, int expected, string message)
    {
        var path = Notebook("a.ipynb", Code("bool quick = true;", "parameters"), Code("File.WriteAllText(\"ran.txt\", \"\");"));
        var before = File.ReadAllText(path);
        var (code, _, error) = await Shell.Run(["notebook", "run", path, "--quiet", .. options.Select(o => o.Replace("{folder}", folder))]);
        Assert.Equal(expected, code);
        Assert.Contains(message, error);
        Assert.Equal(before, File.ReadAllText(path));
        Assert.Equal([path], Directory.EnumerateFiles(folder));
    }

    [Theory]
    [InlineData("run")]
    [InlineData("html")]
    public async Task What_is_no_notebook_is_refused_and_stays(string command)
    {
        var path = Path.Combine(folder, "a.ipynb");
        File.WriteAllText(path, "{\"nbformat\": 3}");
        var (code, _, error) = await Shell.Run("notebook", command, path);
        Assert.Equal(1, code);
        Assert.StartsWith($"error: {path}: nbformat 3 is too old", error);
        Assert.Equal("{\"nbformat\": 3}", File.ReadAllText(path));
        Assert.Equal([path], Directory.EnumerateFiles(folder));
    }

    [Fact]
    public async Task Ctrl_C_ends_the_cell_writes_nothing_and_says_130()
    {
        var path = Notebook("a.ipynb", Code("File.WriteAllText(\"runs\", \"\"); while (true) { }"));
        var before = File.ReadAllText(path);
        using var process = Shell.Start([], "notebook", "run", path, "--out", Path.Combine(folder, "out.ipynb"));
        var finished = process.Finish();
        while (!File.Exists(Path.Combine(folder, "runs"))) await Task.Delay(50);
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        Assert.Equal(130, (await finished.WaitAsync(TimeSpan.FromSeconds(30))).ExitCode);
        Assert.Equal(before, File.ReadAllText(path));
        Assert.False(File.Exists(Path.Combine(folder, "out.ipynb")));
    }

    [Fact]
    public async Task Html_writes_a_page_beside_the_notebook()
    {
        var (code, output, _) = await Shell.Run("notebook", "html", Notebook("a.ipynb", Code("int answer = 42;")));
        var page = Path.Combine(folder, "a.html");
        Assert.Equal((0, $"wrote {page}"), (code, output.Trim()));
        Assert.Contains("<span class=\"number\">42</span>", File.ReadAllText(page));
    }

    [Fact]
    public async Task Check_runs_all_quickly_and_changes_none()
    {
        Notebook("good.ipynb", Code("bool quick = false;", "parameters"), Code("if (!quick) throw new InvalidOperationException(\"slow\");"));
        Notebook("wrong.ipynb", Code("throw new InvalidOperationException(\"as expected\");"));
        File.WriteAllText(Path.Combine(folder, "zero.ipynb"), "");
        var before = Directory.EnumerateFiles(folder).Order().Select(File.ReadAllText).ToArray();

        var (code, output, _) = await Shell.Run("notebook", "check", folder, "--quiet", "--json");
        Assert.Equal(1, code);
        var rows = JsonDocument.Parse(output).RootElement.EnumerateArray().ToArray();
        Assert.Equal(["good.ipynb", "wrong.ipynb", "zero.ipynb"], rows.Select(row => Path.GetFileName(row.GetProperty("notebook").GetString())!));
        Assert.Equal("ok", rows[0].GetProperty("result").GetString());
        Assert.Contains("InvalidOperationException: as expected", rows[1].GetProperty("result").GetString());
        Assert.Contains("not JSON", rows[2].GetProperty("result").GetString());
        Assert.Equal(before, Directory.EnumerateFiles(folder).Order().Select(File.ReadAllText));
        Assert.Equal(0, (await Shell.Run("notebook", "check", Path.Combine(folder, "good.ipynb"), "--quiet")).ExitCode);
    }

    [Fact]
    public async Task Check_of_a_folder_without_notebooks_says_so()
    {
        var (code, _, error) = await Shell.Run("notebook", "check", folder);
        Assert.Equal((1, $"error: {folder}: no notebook (*.ipynb) in this folder"), (code, error.Trim()));
    }
}
