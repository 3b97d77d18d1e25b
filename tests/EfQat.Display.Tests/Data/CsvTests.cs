using System.Globalization;
using Microsoft.Data.Analysis;

namespace EfQat.Display.Tests;

public sealed class CsvTests : IDisposable
{
    readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    static readonly DataFrame Frame = new(
        new StringDataFrameColumn("name, quoted", ["say \"hi\"", "two\nlines", null]),
        new DoubleDataFrameColumn("x", [0.1, null, -1e300]),
        new Int64DataFrameColumn("n", [3_000_000_000, 1, null]),
        new BooleanDataFrameColumn("ok", [true, null, false]));

    static void Same(DataFrame expected, DataFrame got)
    {
        Assert.Equal(expected.Columns.Select(c => (c.Name, c.DataType)), got.Columns.Select(c => (c.Name, c.DataType)));
        Assert.Equal(expected.Rows.SelectMany(r => r), got.Rows.SelectMany(r => r));
    }

    [Fact]
    public void A_file_is_quoted_as_RFC_4180_asks()
    {
        DataFrame.SaveCsv(Frame, path);
        Assert.Equal(
            "\"name, quoted\",x,n,ok\n\"say \"\"hi\"\"\",0.1,3000000000,True\n\"two\nlines\",,1,\n,-1E+300,,False\n", File.ReadAllText(path));
    }

    [Fact]
    public void What_was_saved_is_loaded()
    {
        DataFrame.SaveCsv(Frame, path);
        Same(Frame, DataFrame.LoadCsv(path));
    }

    [Fact]
    public void A_culture_with_decimal_commas_goes_there_and_back()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        DataFrame.SaveCsv(Frame, path, separator: ';', cultureInfo: culture);
        Assert.Contains("0,1;3000000000", File.ReadAllText(path));
        Same(Frame, DataFrame.LoadCsv(path, separator: ';', cultureInfo: culture));
    }

    [Fact]
    public void Types_are_the_narrowest_that_hold_all_rows() => Assert.Equal(
        [typeof(int), typeof(double), typeof(string), typeof(bool)],
        DataFrame.LoadCsvFromString("1,1,1,true\n2,2.5,x,False\n", header: false).Columns.Select(c => c.DataType));

    [Fact]
    public void Names_types_and_rows_can_be_given()
    {
        var frame = DataFrame.LoadCsvFromString(
            "1,2\n3,4\n5,6\n", header: false, columnNames: ["a", "b"], dataTypes: [typeof(float), typeof(string)], numRows: 2);
        Assert.Equal([(object)1f, "2", 3f, "4"], frame.Rows.SelectMany(r => r));
        Assert.Empty(DataFrame.LoadCsvFromString("a,b\n").Rows);
    }

    [Fact]
    public void An_error_names_line_and_column()
    {
        static string Message(string csv, Type[]? types = null, int guessRows = -1) => Assert.Throws<FormatException>(
            () => DataFrame.LoadCsvFromString(csv, dataTypes: types, guessRows: guessRows)).Message;

        Assert.Equal("the text, line 4, column 'x': 'much' is no Double", Message("n,x\n\"a\nb\",1\nc,much\n", [typeof(string), typeof(double)]));
        Assert.Equal("the text, line 3, column 'n': '1.5' is no Int32", Message("n\n1\n1.5\n", guessRows: 1));
        Assert.StartsWith("the text, line 2: a quote within a field", Message("a,b\n1,x\"y\"\n"));
        Assert.StartsWith("1 types for 2 columns", Assert.Throws<ArgumentException>(
            () => DataFrame.LoadCsvFromString("a,b\n1,2\n", dataTypes: [typeof(int)])).Message);
        Assert.Equal("the text, line 3: 1 fields; the columns are a, b", Message("a,b\n1,2\n3\n"));
    }
}
