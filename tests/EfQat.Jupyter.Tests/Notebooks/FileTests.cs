using System.Text.Json.Nodes;
using EfQat.Jupyter.Notebooks;

namespace EfQat.Jupyter.Tests.Notebooks;

/// <summary>Notebook files as Jupyter's own nbformat sees them, and files that are none.</summary>
public sealed class FileTests : NotebookTest
{
    /// <summary>Valid, and byte for byte what nbformat itself would write.</summary>
    const string Oracle = """
        import sys, nbformat
        text = open(sys.argv[1], encoding="utf-8", newline="").read()
        notebook = nbformat.reads(text, 4)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5), notebook.nbformat_minor
        assert nbformat.writes(notebook) + "\n" == text
        """;

    [SkippableFact]
    public void What_a_run_saves_is_valid_and_byte_for_byte_as_nbformat_writes_it()
    {
        Skip.IfNot(Execute(Python, ["-c", "import nbformat"]).Code == 0, $"{Python} has no nbformat");
        var path = Write(
            Text("markdown", "# Ω 😀 \u00a0 \u2028 <b> \"q\" \\ \t\r\nlast"), Text("raw", "line\fpage\u0085end"), Code(""),
            Code("Console.WriteLine(\"\\u001b[31mred\\u001b[0m 😀\"); display(HTML(\"<b>\\n</b>\"));\nnew[] { new { A = 1, B = 2.5 } }"),
            Code("Chart.Line<int, double, string>([1, 2, 3], [1e-5, 2, 1e20])"),
            Code("throw new InvalidOperationException(\"x\");", "raises-exception"));
        Run(path).Notebook.Save(path);
        var (code, text) = Execute(Python, ["-c", Oracle, path]);
        Assert.True(code == 0, text);

        var first = File.ReadAllBytes(path);
        Run(path).Notebook.Save(path);
        Assert.Equal(first, File.ReadAllBytes(path));
    }

    [Fact]
    public void Ids_are_kept_where_valid_and_made_where_not_and_unknown_metadata_stays()
    {
        var cells = new[] { "kept-1", null, "no good!", "kept-1", "cell-2" }.Select(id =>
        {
            var cell = Text("markdown", "x");
            if (id is not null) cell["id"] = id;
            return cell;
        });
        var path = Write([.. cells]);
        NotebookFile.Read(path).Save(path);
        var saved = JsonNode.Parse(File.ReadAllText(path))!;
        string[] ids = [.. saved["cells"]!.AsArray().Select(cell => $"{cell!["id"]}")];
        Assert.Equal(("kept-1", "cell-2", "cell-3"), (ids[0], ids[1], ids[2]));
        Assert.Equal(5, ids.Distinct().Count());
        Assert.Equal(1, (int)saved["metadata"]!["mine"]!["z"]!);
    }

    [Theory]
    [InlineData("not json", "not JSON")]
    [InlineData("[1, 2]", "not a notebook")]
    [InlineData("{\"a\": 1, \"a\": 2}", "not JSON")]
    [InlineData("{\"a\": 1}", "not a notebook: it has no nbformat number")]
    [InlineData("{\"nbformat\": \"4\"}", "not a notebook: it has no nbformat number")]
    [InlineData("{\"nbformat\": 3, \"worksheets\": []}", "nbformat 3 is too old; convert it with: jupyter nbconvert --to notebook")]
    [InlineData("{\"nbformat\": 5, \"cells\": [], \"metadata\": {}}", "nbformat 5 is newer than 4")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {}}", "cells or metadata are missing")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {}, \"cells\": [7]}", "cell 1: not an object")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {}, \"cells\": [{\"cell_type\": \"heading\"}]}", "cell 1: cell_type is none of code, markdown, raw")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {}, \"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"source\": 1}]}", "cell 1: source is no text")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {\"kernelspec\": {\"language\": \"python\"}}, \"cells\": []}", "its cells are python, not C#")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {\"language_info\": {\"name\": \"python\"}}, \"cells\": []}", "its cells are python, not C#")]
    public void What_is_no_notebook_of_ours_is_refused_with_the_reason(string text, string reason)
    {
        var path = WriteText(text);
        var error = Assert.Throws<UserError>(() => NotebookFile.Read(path));
        Assert.StartsWith($"{path}: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_refused()
    {
        Assert.EndsWith("no such file", Assert.Throws<UserError>(() => NotebookFile.Read(Path.Combine(Folder, "none.ipynb"))).Message);
        Assert.Contains("a folder", Assert.Throws<UserError>(() => NotebookFile.Read(Folder)).Message);
    }
}
