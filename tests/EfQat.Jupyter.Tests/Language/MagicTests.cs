namespace EfQat.Jupyter.Tests.Language;

/// <summary>Commands and other languages, in process.</summary>
public sealed class MagicTests
{
    readonly NotebookSession session = new();
    readonly RecordingHost host = new();

    [Fact]
    public void Time_shows_how_long_the_cell_took()
    {
        Assert.Equal("5", session.Show("#!time\nThread.Sleep(30); 5", host));
        var shown = Assert.Single(host.Shown)["text/plain"]!;
        Assert.InRange(double.Parse(shown.Split(' ')[2]), 30, 60_000);
    }

    [Fact]
    public void Who_and_whos_list_the_newest_declaration_of_each_variable()
    {
        session.Show("int b = 1; string a = \"text\";");
        session.Show("double b = 2.5;");
        session.Show("#!who", host);
        session.Show("#!whos", host);
        Assert.Equal("a  b", host.Shown[0]["text/plain"]);
        var rows = host.Shown[1]["text/plain"]!.Split('\n');
        Assert.Matches(@"\| a +\| String +\| text +\|", rows[2]);
        Assert.Matches(@"\| b +\| Double +\| 2\.5 +\|", rows[3]);
    }

    [Theory]
    [InlineData("#!html\n<b>1</b>", "text/html", "<b>1</b>")]
    [InlineData("#!markdown\n# One", "text/markdown", "# One")]
    [InlineData("#!javascript\nalert(1)", "application/javascript", "alert(1)")]
    [InlineData("#!mermaid\ngraph LR\n  A --> B\n", "text/vnd.mermaid", "graph LR\n  A --> B")]
    [InlineData("#!mermaid\ngraph LR\n  A --> B\n", "text/markdown", "```mermaid\ngraph LR\n  A --> B\n```")]
    public void Text_languages_show_what_is_written(string cell, string mimeType, string text) =>
        Assert.Equal(text, session.Run(cell, "cell[1]", host).Output![mimeType]!.Trim());

    [Fact]
    public void Languages_take_turns_in_one_cell_and_errors_keep_their_lines()
    {
        var result = session.Run("#!html\n<i>x</i>\n#!csharp\nint n = missing;", "cell[1]", host);
        Assert.Equal("<i>x</i>", Assert.Single(host.Shown)["text/html"]!.Trim());
        Assert.StartsWith("cell[1](4,9)", result.Error!.Trace[0]);
    }

    [Fact]
    public void FSharp_shares_variables_with_CSharp_both_ways()
    {
        Assert.Equal("49", session.Show("#!fsharp\nlet square x = x * x\nsquare 7"));
        session.Show("var numbers = new[] { 1, 2, 3 };");
        Assert.Equal("6", session.Show("#!fsharp\n#!share numbers --from csharp\nArray.sum numbers"));
        session.Show("#!fsharp\nlet doubled = numbers |> Array.map (fun n -> 2 * n)");
        Assert.Equal("12", session.Show("#!share doubled --from fsharp\ndoubled.Sum()"));
        Assert.Matches(@"Error: cell\[1\]\(2,15\): error FS0001", session.Show("#!fsharp\nlet bad = 1 + \"one\""));
    }

    [Theory]
    [InlineData("#!nothing", "#!nothing: no such command")]
    [InlineData("#!share", "write #!share NAME --from LANGUAGE")]
    [InlineData("#!share x --from csharp", "csharp has no variable x")]
    [InlineData("#!share x --from cobol", "no language cobol")]
    public void Wrong_commands_say_what_is_right(string cell, string message) => Assert.Contains(message, session.Show(cell));
}
