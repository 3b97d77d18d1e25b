namespace EfQat.Jupyter.Tests.Language;

/// <summary>C# cells in process, as the headless runner uses them.</summary>
public sealed class SessionTests : IDisposable
{
    readonly NotebookSession session = new();
    readonly string folder = Directory.CreateTempSubdirectory("efqat-cells-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_libraries_and_their_usings_are_there_from_the_first_cell()
    {
        Assert.Equal("3", session.Show("var t = zeros(3); t.shape[0]"));
        Assert.Equal("Grid", session.Show("typeof(Grid).Name"));
        Assert.Equal("True", session.Show("typeof(Tensor) == typeof(TorchSharp.torch.Tensor)"));
    }

    [Fact]
    public void A_cell_that_throws_keeps_what_it_declared_before()
    {
        Assert.Equal("InvalidOperationException: no", session.Show("int before = 1; throw new InvalidOperationException(\"no\");"));
        Assert.Equal("1", session.Show("before"));
    }

    [Fact]
    public void A_cell_that_does_not_compile_changes_nothing()
    {
        session.Show("int n = 1;");
        Assert.StartsWith("CompileError: ", session.Show("n = 2; int m = nothing;"));
        Assert.Equal("1", session.Show("n"));
        Assert.StartsWith("CompileError: ", session.Show("m"));
    }

    [Fact]
    public void Types_methods_and_redeclarations()
    {
        session.Show("record Point(int X, int Y) { public int Sum => X + Y; }\nPoint Make(int n) => new(n, n);");
        Assert.Equal("8", session.Show("Make(4).Sum"));
        session.Show("string Make(int n) => \"again\";");
        Assert.Equal("again", session.Show("Make(4)"));
    }

    [Fact]
    public void Waiting_for_a_task_is_no_deadlock()
    {
        session.Show("async Task<int> Slow() { await Task.Delay(30); await Task.Yield(); return 4; }");
        Assert.Equal("4", session.Show("Slow().Result"));
        Assert.Equal("4", session.Show("Slow().GetAwaiter().GetResult()"));
    }

    [Fact]
    public void Background_work_of_a_cell_runs_on_after_it()
    {
        session.Show("int done = 0; _ = Task.Run(async () => { await Task.Delay(50); done = 1; });");
        Assert.Equal("1", session.Show("await Task.Delay(500); done"));
    }

    [Fact]
    public void Load_runs_a_file_and_its_errors_name_it()
    {
        var file = Path.Combine(folder, "helpers.csx");
        File.WriteAllText(file, "int Triple(int n) => 3 * n;");
        Assert.Equal("6", session.Show($"#load \"{file}\"\nTriple(2)"));
        File.WriteAllText(file, "int bad = nothing;");
        var error = session.Run($"#load \"{file}\"", "cell[1]", new RecordingHost()).Error!;
        Assert.StartsWith($"{file}(1,11)", error.Trace[0]);
        Assert.Contains("no such file", session.Show("#load \"/no/such/file.csx\""));
    }

    [Fact]
    public void A_wrong_reference_is_said_and_poisons_nothing()
    {
        var text = Path.Combine(folder, "text.dll");
        File.WriteAllText(text, "no assembly");
        Assert.Contains("not a .NET assembly", session.Show($"#r \"{text}\"\n1"));
        Assert.Contains("no such file", session.Show("#r \"/no/such.dll\"\n1"));
        Assert.Equal("2", session.Show("1 + 1"));
    }

    [Fact]
    public void A_reference_the_process_has_already_keeps_its_types()
    {
        var path = typeof(UserError).Assembly.Location;
        Assert.Equal("True", session.Show($"#r \"{path}\"\nnew UserError(\"x\") is Exception"));
        Assert.Equal("XDocument", session.Show("#r \"System.Private.Xml.Linq\"\ntypeof(System.Xml.Linq.XDocument).Name"));
    }

    [SkippableFact]
    public void A_package_is_restored_with_what_it_needs()
    {
        var shown = session.Show("#r \"nuget: Spectre.Console, 0.49.1\"\nSpectre.Console.Markup.Escape(\"[a]\")");
        Skip.If(shown!.Contains("NU1301"), "no package registry can be reached");
        Assert.Equal("[[a]]", shown);
        Assert.Matches("^Error: #r \"nuget: ?No.Such.EfQat.Package, 1.0\": error NU", session.Show("#r \"nuget: No.Such.EfQat.Package, 1.0\"\n1"));
        Assert.Equal("3", session.Show("1 + 2"));
    }
}
