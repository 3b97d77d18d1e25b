using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace EfQat.Display;

/// <summary>A table of results: text cells for terminal, markdown and HTML, whole records for JSON.</summary>
public abstract class ResultTable
{
    private protected readonly List<TableColumn> columns = [];

    /// <summary>A table over <paramref name="rows"/>; add its columns with <see cref="ResultTable{T}.Column"/>.</summary>
    public static ResultTable<T> Of<T>(IEnumerable<T> rows) => new(rows);

    /// <summary>The columns, left to right.</summary>
    public IReadOnlyList<TableColumn> Columns => columns;

    /// <summary>The cells as text, row by row.</summary>
    public abstract IReadOnlyList<string[]> Rows { get; }

    /// <summary>A JSON array of the records, keys in snake_case, all their properties.</summary>
    public abstract string ToJson();

    /// <summary>A GitHub table, padded so that it also reads well as plain text.</summary>
    public string ToMarkdown()
    {
        string[] Escape(IEnumerable<string> cells) => [.. cells.Select(c => c.Replace("|", "\\|"))];

        var header = Escape(columns.Select(c => c.Header));
        List<string[]> rows = [.. Rows.Select(Escape)];
        int[] widths = [.. columns.Select((_, i) => rows.Select(r => r[i].Length).Append(header[i].Length).Append(3).Max())];
        var text = new StringBuilder();

        void Line(string[] cells) => text.Append("| ").AppendJoin(" | ", cells.Select((cell, i) =>
            columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).Append(" |\n");

        Line(header);
        Line([.. columns.Select((c, i) => c.IsNumber ? new string('-', widths[i] - 1) + ":" : new string('-', widths[i]))]);
        rows.ForEach(Line);
        return text.ToString();
    }

    /// <summary>A <c>&lt;table&gt;</c> whose number cells carry the class <c>number</c>; texts stand left, where Jupyter would put them right.</summary>
    public string ToHtml()
    {
        string Cells(string tag, IEnumerable<string> cells) => string.Concat(cells.Select((cell, i) =>
            $"<{tag} {(columns[i].IsNumber ? "class=\"number\"" : "style=\"text-align: left\"")}>{WebUtility.HtmlEncode(cell)}</{tag}>"));

        var body = string.Concat(Rows.Select(row => $"<tr>{Cells("td", row)}</tr>\n"));
        return $"<table>\n<thead><tr>{Cells("th", columns.Select(c => c.Header))}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n";
    }
}

/// <summary>A table over records of type <typeparamref name="T"/>.</summary>
public sealed class ResultTable<T>(IEnumerable<T> rows) : ResultTable
{
    readonly T[] records = [.. rows];
    readonly List<Func<T, string>> cells = [];

    /// <inheritdoc/>
    public override IReadOnlyList<string[]> Rows => [.. records.Select(r => cells.Select(cell => cell(r)).ToArray())];

    /// <summary>Adds a column.</summary>
    /// <param name="title">Its header, without the unit.</param>
    /// <param name="value">What stands in the cell; null and NaN show as a dash.</param>
    /// <param name="unit">The unit of all its numbers.</param>
    /// <param name="format">A .NET number format, for example <c>0.00</c>.</param>
    public ResultTable<T> Column<TValue>(string title, Func<T, TValue> value, string? unit = null, string? format = null)
    {
        var type = Nullable.GetUnderlyingType(typeof(TValue)) ?? typeof(TValue);
        columns.Add(new(title, unit, IsNumber: type.IsPrimitive && type != typeof(bool) && type != typeof(char) || type == typeof(decimal)));
        cells.Add(record => Text(value(record), format));
        return this;
    }

    /// <inheritdoc/>
    public override string ToJson() => JsonSerializer.Serialize(records, Json.Results);

    static string Text(object? value, string? format) => value switch
    {
        null or double.NaN or float.NaN => "–",
        bool b => b ? "yes" : "no",
        IFormattable f => f.ToString(format, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
