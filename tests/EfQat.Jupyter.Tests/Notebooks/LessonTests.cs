using System.Text.Json.Nodes;
using EfQat.Cli;

namespace EfQat.Jupyter.Tests.Notebooks;

/// <summary>Through the installed kernel, as Jupyter's own tools run notebooks: every lesson, and a small one that both ways run alike.</summary>
public sealed class LessonTests : NotebookTest
{
    const string Nbconvert = "/usr/bin/jupyter-nbconvert";

    static string Lessons
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "EfQat.Notebooks.sln"))) folder = Path.GetDirectoryName(folder)!;
            return Path.Combine(folder, "notebooks");
        }
    }

    public static TheoryData<string> Notebooks =>
        [.. Directory.EnumerateFiles(Lessons, "*.ipynb").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [SkippableTheory, MemberData(nameof(Notebooks))]
    public void Nbconvert_runs_the_lesson_through_the_installed_kernel(string name) => AssertAllRan(Converted(Path.Combine(Lessons, name)));

    [Fact]
    public void The_first_lesson_runs_without_Jupyter_too()
    {
        var target = Path.Combine(Folder, "out.ipynb");
        var (code, text) = Execute("dotnet", [typeof(CommandLine).Assembly.Location, "notebook", "run", Path.Combine(Lessons, "00-first-steps.ipynb"), "--out", target]);
        Assert.True(code == 0, text);
        AssertAllRan(JsonNode.Parse(File.ReadAllText(target))!);
    }

    [SkippableFact]
    public void Both_ways_give_the_same_outputs()
    {
        var path = Write(
            Text("markdown", "# Small"), Code("int n = 20; Console.WriteLine(\"one\\ntwo\"); display(n);"), Code(""),
            Code("var shown = display(\"old\"); display(HTML(\"<b>x</b>\")); clear_output(wait: true); display(1);"), Code("shown.Update(\"new\"); Console.Error.Write(\"!\");"),
            Code("Chart.Line<int, int, string>([1, 2], [3, 4])"), Code("new[] { new { A = 1, B = 2.5 } }"), Code("throw new InvalidOperationException(\"no\");", "raises-exception"));
        var expected = Converted(path);
        Run(path).Notebook.Save(path);
        var actual = JsonNode.Parse(File.ReadAllText(path))!;
        for (int i = 0; i < expected["cells"]!.AsArray().Count; i++)
            foreach (var part in new[] { "execution_count", "outputs", "source" })
                Assert.Equal(expected["cells"]![i]![part]?.ToJsonString(), actual["cells"]![i]![part]?.ToJsonString());
    }

    static void AssertAllRan(JsonNode notebook) =>
        Assert.All(notebook["cells"]!.AsArray().Where(cell => $"{cell!["cell_type"]}" == "code"), cell => Assert.NotNull(cell!["execution_count"]));

    JsonNode Converted(string path)
    {
        Skip.IfNot(File.Exists(Nbconvert), $"{Nbconvert} is missing: sudo apt-get install --no-install-recommends jupyter-nbconvert");
        Assert.Equal(0, Execute("dotnet", [typeof(CommandLine).Assembly.Location, "kernel", "install", "--prefix", Folder]).Code);
        var (code, text) = Execute(
            "/usr/bin/python3",
            [Nbconvert, "--to", "notebook", "--execute", "--ExecutePreprocessor.kernel_name=efqat-csharp", "--ExecutePreprocessor.timeout=900",
                "--output-dir", Folder, "--output", "executed.ipynb", path],
            ("JUPYTER_PATH", Path.Combine(Folder, "share", "jupyter")), ("JUPYTER_CONFIG_DIR", Folder),
            ("GOMP_SPINCOUNT", "1000")); // on a shared machine, threads that wait by spinning cost minutes
        Assert.True(code == 0, text[Math.Max(0, text.IndexOf("CellExecutionError", StringComparison.Ordinal))..]); // nbconvert's own stack comes first
        return JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "executed.ipynb")))!;
    }
}
