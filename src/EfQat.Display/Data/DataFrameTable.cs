using System.Globalization;
using System.Net;
using System.Text;

namespace Microsoft.Data.Analysis;

/// <summary>The first rows of a frame, to look at: six digits of a number, columns of numbers aligned to the right.</summary>
static class DataFrameTable
{
    public static string Text(object? value) => value switch
    {
        null => "null",
        float or double => ((IFormattable)value).ToString("G6", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    public static string ToHtml(DataFrame frame, int maxRows)
    {
        string Cell(string tag, DataFrameColumn column, string text) =>
            $"<{tag} style=\"text-align: {(column.IsNumericColumn() ? "right" : "left")}\">{WebUtility.HtmlEncode(text)}</{tag}>";

        var head = string.Concat(frame.Columns.Select(c => Cell("th", c, c.Name)));
        var body = string.Concat(frame.Rows.Take(maxRows).Select(row =>
            $"<tr>{string.Concat(frame.Columns.Zip(row, (column, value) => Cell("td", column, Text(value))))}</tr>\n"));
        var more = More(frame, maxRows) is { } rest ? $"<tfoot><tr><td colspan=\"{frame.Columns.Count}\">{rest}</td></tr></tfoot>\n" : "";
        return $"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n{more}</table>\n";
    }

    public static string ToPlainText(DataFrame frame, int maxRows)
    {
        string[][] columns = [.. frame.Columns.Select(c => c.Values.Take(maxRows).Select(Text).Prepend(c.Name).ToArray())];
        int[] widths = [.. columns.Select(cells => cells.Max(cell => cell.Length))];
        var text = new StringBuilder();
        for (var row = 0; row < (columns.FirstOrDefault()?.Length ?? 0); row++)
            text.AppendJoin("  ", columns.Select((cells, i) =>
                frame.Columns[i].IsNumericColumn() ? cells[row].PadLeft(widths[i]) : cells[row].PadRight(widths[i]))).Append('\n');
        return text + (More(frame, maxRows) is { } rest ? rest + "\n" : "");
    }

    static string? More(DataFrame frame, int maxRows) =>
        frame.Rows.Count > maxRows ? $"… {frame.Rows.Count - maxRows} more rows" : null;
}
