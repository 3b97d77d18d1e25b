using EfQat.Jupyter.Notebooks;

namespace EfQat.Jupyter.Tests.Notebooks;

/// <summary>Settings from the command line, written into the cell that declares them.</summary>
public sealed class ParametersTests : NotebookTest
{
    const string Settings = """
        #r "System.Private.Xml.Linq"
        bool quick = true;   // false: all of it
        int n = quick ? 3 : 10, m;
        long seed = 1; var images = 5L; float lr = 0.1f; double d = 1; var w = 0.5; decimal money = 1m;
        string name = "a"; int[] bits = [4, 8]; var rates = new[] { 0.1f }; string[] words = ["x"];
        Grid grid = null;
        """;

    [Theory]
    [InlineData("quick", "false", "bool quick = false;   // false: all of it")]
    [InlineData("n", "-7", "int n = -7, m;")]
    [InlineData("n", "10_000", "int n = 10_000, m;")]
    [InlineData("m", "4", "m = 4;")]
    [InlineData("seed", "9", "long seed = 9;")]
    [InlineData("images", "9", "var images = 9L;")]
    [InlineData("lr", "0.01", "float lr = 0.01f;")]
    [InlineData("lr", "1e-3f", "float lr = 1e-3f;")]
    [InlineData("d", "2", "double d = 2;")]
    [InlineData("w", "2", "var w = 2d;")]
    [InlineData("money", "2.5", "decimal money = 2.5m;")]
    [InlineData("name", "two words", "string name = \"two words\";")]
    [InlineData("name", "\"quoted\"", "string name = \"quoted\";")]
    [InlineData("name", "5", "string name = \"5\";")]
    [InlineData("name", "\"; File.Delete(\"x", "string name = \"\\\"; File.Delete(\\\"x\";")]
    [InlineData("bits", "[2, 3]", "int[] bits = [2, 3];")]
    [InlineData("bits", "[]", "int[] bits = [];")]
    [InlineData("rates", "[0.5, 1]", "var rates = new[] { 0.5f, 1f };")]
    [InlineData("words", "[\"y\", \"z\"]", "string[] words = [\"y\", \"z\"];")]
    public void A_value_takes_the_place_of_the_old_one_in_the_variables_own_type(string name, string value, string line)
    {
        var notebook = NotebookFile.Read(Write(Code("int n = 1;"), Code(Settings, "parameters"), Code("int n = 2;", "parameters")));
        new Parameters(notebook).Set(name, value);
        Assert.Contains(line, notebook.Cells[1].Source);
        Assert.Equal("int n = 1;", notebook.Cells[0].Source);
        Assert.Equal("int n = 2;", notebook.Cells[2].Source);
    }

    [Theory]
    [InlineData("quick", "1", "not of type bool")]
    [InlineData("quick", "null", "not of type bool")]
    [InlineData("n", "abc", "not of type int")]
    [InlineData("n", "3.5", "not of type int")]
    [InlineData("n", "3000000000", "not of type int")]
    [InlineData("n", "m", "not of type int")]
    [InlineData("n", "1; int q = 2", "not of type int")]
    [InlineData("lr", "1e400", "not of type float")]
    [InlineData("bits", "[1.5]", "not of type int[]")]
    [InlineData("bits", "4", "not of type int[]")]
    [InlineData("grid", "4", "not of type EfQat")]
    [InlineData("none", "1", "no such setting; the notebook has quick, n, m, seed, images, lr, d, w, money, name, bits, rates, words, grid")]
    public void What_does_not_fit_is_refused_and_changes_nothing(string name, string value, string message)
    {
        var notebook = NotebookFile.Read(Write(Code(Settings, "parameters")));
        Assert.Contains(message, Assert.Throws<UserError>(() => new Parameters(notebook).Set(name, value)).Message);
        Assert.Equal(Settings, notebook.Cells[0].Source);
    }

    [Fact]
    public void Without_a_tagged_cell_there_are_no_settings()
    {
        var parameters = new Parameters(NotebookFile.Read(Write(Code("int n = 1;"))));
        Assert.Empty(parameters.Names);
        Assert.Contains("no code cell tagged parameters", Assert.Throws<UserError>(() => parameters.Set("n", "2")).Message);
    }
}
