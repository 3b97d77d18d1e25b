using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace EfQat.Display;

/// <summary>Values on one line: what stands in table cells and where nothing richer can be shown.</summary>
static class PlainText
{
    const int Items = 20, Depth = 3;

    public static string Of(object? value, int depth = Depth) => value switch
    {
        null => "null",
        string text when depth == Depth => text,
        string text => $"\"{text}\"",
        IFormattable scalar => scalar.ToString(null, CultureInfo.InvariantCulture),
        IDictionary map => Braced(map.Keys.Cast<object>().Select(key => $"{Of(key, depth - 1)}: {Of(map[key], depth - 1)}"), depth, "{ ", " }"),
        IEnumerable items when !SpeaksForItself(value.GetType()) => Braced(items.Cast<object?>().Select(item => Of(item, depth - 1)), depth, "[", "]"),
        ITuple tuple => $"({string.Join(", ", Enumerable.Range(0, tuple.Length).Select(i => Of(tuple[i], depth - 1)))})",
        _ => value.ToString() ?? "",
    };

    /// <summary>Whether a type's author wrote its ToString; those of records and anonymous types are the compiler's.</summary>
    public static bool SpeaksForItself(Type type) =>
        type.GetMethod("ToString", Type.EmptyTypes) is { } method &&
        method.DeclaringType != typeof(object) && method.DeclaringType != typeof(ValueType) &&
        method.GetCustomAttribute<CompilerGeneratedAttribute>() is null &&
        type.GetCustomAttribute<CompilerGeneratedAttribute>() is null;

    static string Braced(IEnumerable<string> parts, int depth, string open, string close)
    {
        if (depth <= 0) return $"{open}…{close}";
        string[] shown = [.. parts.Take(Items + 1)];
        return $"{open}{string.Join(", ", shown.Take(Items))}{(shown.Length > Items ? ", …" : "")}{close}";
    }
}
