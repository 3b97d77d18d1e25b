using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using EfQat.Display;

namespace Microsoft.Data.Analysis;

/// <summary>Reading and writing tables of text.</summary>
public sealed partial class DataFrame
{
    /// <summary>Reads a table from a file. An empty field is null.</summary>
    /// <param name="filename">The file.</param>
    /// <param name="separator">What stands between fields.</param>
    /// <param name="header">Whether the first line names the columns.</param>
    /// <param name="columnNames">Their names where there is no header; Column0, Column1, … by default.</param>
    /// <param name="dataTypes">The columns' types; by default the narrowest of Boolean, Int32, Int64, Double and String that holds the rows looked at.</param>
    /// <param name="numRows">How many rows to read; -1 for all.</param>
    /// <param name="guessRows">How many rows decide the types; -1 for all.</param>
    /// <param name="encoding">How the file is encoded; UTF-8 by default.</param>
    /// <param name="cultureInfo">How numbers are written; invariant (0.5) by default.</param>
    /// <exception cref="FormatException">A field is not of its column's type, or a line has more or fewer fields; the message names line and column.</exception>
    public static DataFrame LoadCsv(
        string filename, char separator = ',', bool header = true, string[]? columnNames = null, Type[]? dataTypes = null,
        int numRows = -1, int guessRows = -1, Encoding? encoding = null, CultureInfo? cultureInfo = null)
    {
        using var reader = new StreamReader(filename, encoding ?? Encoding.UTF8);
        return Read(reader, filename, separator, header, columnNames, dataTypes, numRows, guessRows, cultureInfo);
    }

    /// <summary>Reads a table from a text; see <see cref="LoadCsv"/>.</summary>
    public static DataFrame LoadCsvFromString(
        string csvString, char separator = ',', bool header = true, string[]? columnNames = null, Type[]? dataTypes = null,
        int numRows = -1, int guessRows = -1, CultureInfo? cultureInfo = null) =>
        Read(new StringReader(csvString), "the text", separator, header, columnNames, dataTypes, numRows, guessRows, cultureInfo);

    /// <summary>Writes a table to a file, whole or not at all. Null is an empty field; numbers keep all their digits.</summary>
    public static void SaveCsv(
        DataFrame dataFrame, string path, char separator = ',', bool header = true, Encoding? encoding = null, CultureInfo? cultureInfo = null)
    {
        using var text = new StringWriter();
        using (var csv = new CsvWriter(text, Configuration(separator, cultureInfo)))
        {
            IEnumerable<IEnumerable<object?>> names = header ? [dataFrame.Columns.Select(c => c.Name)] : [];
            foreach (var row in names.Concat(dataFrame.Rows))
            {
                foreach (var field in row)
                    csv.WriteField(field);
                csv.NextRecord();
            }
        }
        WholeFile.Write(path, text.ToString(), encoding);
    }

    static DataFrame Read(
        TextReader reader, string source, char separator, bool header, string[]? columnNames, Type[]? dataTypes,
        int numRows, int guessRows, CultureInfo? cultureInfo)
    {
        var configuration = Configuration(separator, cultureInfo);
        configuration.BadDataFound = bad => throw new FormatException(
            $"{source}, line {bad.Context.Parser!.RawRow}: a quote within a field; quote the whole field and double the quotes inside");
        using var csv = new CsvParser(reader, configuration);
        var names = header && csv.Read() ? csv.Record! : columnNames;
        if (dataTypes is not null && dataTypes.Length != names?.Length)
            throw new ArgumentException(
                $"{dataTypes.Length} types for {names?.Length ?? 0} columns; give one each, and names where there is no header", nameof(dataTypes));
        List<(int Line, string[] Fields)> rows = [];
        while (rows.Count != numRows && csv.Read())
        {
            names ??= [.. csv.Record!.Select((_, i) => $"Column{i}")];
            if (csv.Count != names.Length)
                throw new FormatException($"{source}, line {csv.RawRow}: {csv.Count} fields; the columns are {string.Join(", ", names)}");
            rows.Add((csv.RawRow, csv.Record!));
        }
        var culture = cultureInfo ?? CultureInfo.InvariantCulture;
        return new((names ?? []).Select((name, i) =>
        {
            var guessed = guessRows < 0 ? rows : rows.Take(guessRows);
            var type = dataTypes?[i] ?? CsvField.Types.First(t => guessed.All(row => CsvField.TryParse(row.Fields[i], t, culture, out _)));
            return DataFrameColumn.Create(name, type, rows.Select(row => CsvField.TryParse(row.Fields[i], type, culture, out var value) ? value
                : throw new FormatException($"{source}, line {row.Line}, column '{name}': '{row.Fields[i]}' is no {type.Name}")));
        }));
    }

    static CsvConfiguration Configuration(char separator, CultureInfo? culture) =>
        new(culture ?? CultureInfo.InvariantCulture) { Delimiter = separator.ToString(), NewLine = "\n" };
}
