using System.Collections;
using System.Net;
using System.Reflection;

namespace EfQat.Display;

/// <summary>Objects and collections as HTML tables: properties as columns, numbers to the right, at most <see cref="Limit"/> rows.</summary>
static class HtmlTable
{
    public const int Limit = 50;

    /// <summary>What a record shows: its public properties.</summary>
    public static PropertyInfo[] Columns(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.GetIndexParameters().Length == 0)];

    /// <summary>One row for each property.</summary>
    public static string OfProperties(object value) =>
        Table(["Property", "Value"], Columns(value.GetType()).Select(p => (object?[])[p.Name, Read(p, value)]), more: false);

    /// <summary>One row for each item: its properties where all items are of one such type, else the item as text.</summary>
    public static string OfItems(IEnumerable items)
    {
        object?[] shown = [.. items.Cast<object?>().Take(Limit + 1)];
        bool more = shown.Length > Limit;
        var rows = shown.Take(Limit);
        if (items is IDictionary || RowType(shown) is { Name: "KeyValuePair`2" })
            return Table(["Key", "Value"], rows.Select(Pair), more);
        if (RowType(shown) is { } type && !PlainText.SpeaksForItself(type) && Columns(type) is { Length: > 0 } columns)
            return Table([.. columns.Select(c => c.Name)], rows.Select(row => columns.Select(c => Read(c, row!)).ToArray()), more);
        return Table(["Index", "Value"], rows.Select((item, i) => (object?[])[i, item]), more);
    }

    static Type? RowType(object?[] items) => items.Select(i => i?.GetType()).Distinct().ToArray() is [{ } type] ? type : null;

    static object?[] Pair(object? item) => item is DictionaryEntry entry
        ? [entry.Key, entry.Value]
        : [.. Columns(item!.GetType()).Select(p => p.GetValue(item))];

    static object? Read(PropertyInfo property, object owner)
    {
        try
        {
            return property.GetValue(owner);
        }
        catch (TargetInvocationException problem)
        {
            return $"{problem.InnerException!.GetType().Name}: {problem.InnerException.Message}";
        }
    }

    static string Table(string[] headers, IEnumerable<object?[]> rows, bool more)
    {
        var header = string.Concat(headers.Select(h => $"<th>{WebUtility.HtmlEncode(h)}</th>"));
        var body = string.Concat(rows.Select(row => $"<tr>{string.Concat(row.Select(Cell))}</tr>\n"));
        var rest = more ? $"<tr><td colspan=\"{headers.Length}\">… more than {Limit} rows</td></tr>\n" : "";
        return $"<table>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{body}{rest}</tbody>\n</table>\n";
    }

    static string Cell(object? value)
    {
        bool number = value is IFormattable and not (Enum or DateTime or DateTimeOffset or Guid);
        return $"<td style=\"text-align: {(number ? "right" : "left")}\">{WebUtility.HtmlEncode(PlainText.Of(value))}</td>";
    }
}
