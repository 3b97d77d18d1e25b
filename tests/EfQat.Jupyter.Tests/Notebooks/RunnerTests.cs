using System.Text.Json.Nodes;

namespace EfQat.Jupyter.Tests.Notebooks;

/// <summary>What a run without Jupyter keeps of each cell.</summary>
public sealed class RunnerTests : NotebookTest
{
    [Fact]
    public void Prints_displays_and_the_result_in_their_order()
    {
        var outputs = Outputs(Code("Console.Write(\"a\"); Console.Error.Write(\"!\"); Console.WriteLine(\"b\");\ndisplay(1);\nConsole.Write(\"c\"); 2"))[0];
        Assert.Equal(["stream", "stream", "display_data", "stream", "execute_result"], outputs.Select(o => $"{o["output_type"]}"));
        Assert.Equal(("stdout", "ab\n"), ($"{outputs[0]["name"]}", Joined(outputs[0]["text"])));
        Assert.Equal(("stderr", "!"), ($"{outputs[1]["name"]}", Joined(outputs[1]["text"])));
        Assert.Equal("1", Joined(outputs[2]["data"]!["text/plain"]));
        Assert.Equal("c", Joined(outputs[3]["text"]));
        Assert.Equal(("2", 1), (Joined(outputs[4]["data"]!["text/plain"]), (int)outputs[4]["execution_count"]!));
    }

    [Fact]
    public void An_update_reaches_the_display_of_an_earlier_cell()
    {
        var outputs = Outputs(Code("var shown = display(\"old\");"), Code("shown.Update(\"new\");"));
        Assert.Equal("new", Joined(Assert.Single(outputs[0])["data"]!["text/plain"]));
        Assert.Empty(outputs[1]);
    }

    [Theory]
    [InlineData("display(1); clear_output();", "")]
    [InlineData("display(1); clear_output(wait: true);", "1")]
    [InlineData("display(1); clear_output(wait: true); display(2); display(3);", "2 3")]
    public void Clear_output_removes_what_there_was_at_once_or_when_more_comes(string source, string left) =>
        Assert.Equal(left, string.Join(' ', Outputs(Code(source))[0].Select(o => Joined(o["data"]!["text/plain"]))));

    [Fact]
    public void Only_cells_with_code_are_run_and_counted()
    {
        var path = Write(Text("raw", "no code"), Code("1"), Code("  "), Code("throw null;", "skip-execution"), Text("markdown", "# One"), Code("2"));
        var view = new RecordingView();
        var (notebook, failure) = Run(path, view);
        notebook.Save(path);
        Assert.Null(failure);
        Assert.Equal(["start 1/2", "end 1/2", "start 2/2", "end 2/2"], view.Events);
        Assert.Equal(["1", "", "", "2"], JsonNode.Parse(File.ReadAllText(path))!["cells"]!.AsArray()
            .Where(c => $"{c!["cell_type"]}" == "code").Select(c => $"{c!["execution_count"]}"));
    }

    [Fact]
    public void A_run_ends_at_the_first_error_and_keeps_the_outputs_so_far()
    {
        var old = Code("3");
        old["outputs"] = new JsonArray(new JsonObject { ["output_type"] = "stream", ["name"] = "stdout", ["text"] = "of an older run" });
        var path = Write(Code("int a = 0;"), Code("Console.WriteLine(\"so far\");\nConsole.WriteLine(1 / a);"), old);
        var (notebook, failure) = Run(path);
        Assert.Equal(("cell[2]", "DivideByZeroException"), (failure!.Cell, failure.Error.Name));
        Assert.Contains("   at cell[2], line 2: Console.WriteLine(1 / a);", failure.Error.PlainTrace);
        notebook.Save(path);
        var cells = JsonNode.Parse(File.ReadAllText(path))!["cells"]!;
        Assert.Equal(["stream", "error"], cells[1]!["outputs"]!.AsArray().Select(o => $"{o!["output_type"]}"));
        Assert.Equal("DivideByZeroException", $"{cells[1]!["outputs"]![1]!["ename"]}");
        Assert.Empty(cells[2]!["outputs"]!.AsArray());
    }

    [Fact]
    public void A_cell_that_does_not_compile_says_where()
    {
        var failure = Run(Write(Code("int a = 0;\nint b = missing;"))).Failure!;
        Assert.StartsWith("cell[1](2,9): error CS0103", failure.Error.PlainTrace.First());
    }

    [Fact]
    public void A_cell_tagged_so_may_fail()
    {
        var outputs = Outputs(Code("throw new InvalidOperationException(\"as shown\");", "raises-exception"), Code("1 + 1"));
        Assert.Equal("as shown", $"{Assert.Single(outputs[0])["evalue"]}");
        Assert.Equal("2", Joined(Assert.Single(outputs[1])["data"]!["text/plain"]));
    }

    [Fact]
    public void Files_are_found_beside_the_notebook_and_the_folder_is_given_back()
    {
        File.WriteAllText(Path.Combine(Folder, "beside.txt"), "found");
        var before = Environment.CurrentDirectory;
        Assert.Equal("found", Joined(Outputs(Code("File.ReadAllText(\"beside.txt\")"))[0][0]["data"]!["text/plain"]));
        Assert.Equal(before, Environment.CurrentDirectory);
    }

    [Fact]
    public void Nobody_is_asked() =>
        Assert.Contains("set a variable in a cell instead", $"{Outputs(Code("Console.ReadLine()"))[0][0]["evalue"]}");

    [Fact]
    public void Endless_text_is_cut_and_says_so()
    {
        var text = Joined(Outputs(Code("for (int i = 0; i < 30_000; i++) Console.WriteLine(new string('x', 99));\ndisplay(1);"))[0][0]["text"]);
        Assert.InRange(text.Length, 1_000_000, 1_000_100);
        Assert.EndsWith("\n[cut here: a cell keeps 1,000,000 characters of printed text]\n", text);
    }

    [Fact]
    public async Task A_stop_ends_even_an_endless_loop_and_changes_nothing()
    {
        var path = Write(Code("Console.WriteLine(\"runs\"); while (true) { }"));
        using var stop = new CancellationTokenSource();
        var view = new RecordingView { OnPrinted = _ => stop.Cancel() };
        await Assert.ThrowsAsync<OperationCanceledException>(() => Task.Run(() => Run(path, view, stop.Token))).WaitAsync(TimeSpan.FromSeconds(60));
    }
}
