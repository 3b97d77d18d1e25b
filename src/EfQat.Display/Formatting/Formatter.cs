using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;

namespace EfQat.Display;

/// <summary>
/// How values are shown: by a registered formatter of their type, else by themselves (<see cref="IDisplayable"/>), else as text or as a table.
/// </summary>
public static class Formatter
{
    static readonly ConcurrentDictionary<Type, Func<object, MimeBundle>> Registered = new();

    /// <summary>Shows all values of <typeparamref name="T"/>, and of types derived from it, this way from now on.</summary>
    public static void Register<T>(Func<T, MimeBundle> format) where T : notnull => Registered[typeof(T)] = value => format((T)value);

    /// <summary>The same for one form; the plain text stays what it was.</summary>
    public static void Register<T>(Func<T, string> format, string mimeType = "text/html") where T : notnull =>
        Register<T>(value => MimeBundle.Plain(PlainText.Of(value)).With(mimeType, format(value)));

    /// <summary>Forgets all registered formatters.</summary>
    public static void Reset() => Registered.Clear();

    /// <summary>The forms of a value. Never throws: where a formatter does, its message stands beside the plain text.</summary>
    public static MimeBundle Format(object? value)
    {
        if (value is null) return MimeBundle.Plain("null");
        try
        {
            return Find(value.GetType()) is { } format ? format(value) : ByKind(value);
        }
        catch (Exception problem)
        {
            return MimeBundle.Plain($"{value.GetType().Name} cannot be shown: {problem.GetType().Name}: {problem.Message}");
        }
    }

    static Func<object, MimeBundle>? Find(Type type)
    {
        for (var t = type; t is not null && t != typeof(object); t = t.BaseType)
            if (Registered.TryGetValue(t, out var format)) return format;
        return type.GetInterfaces().Select(i => Registered.GetValueOrDefault(i)).FirstOrDefault(f => f is not null);
    }

    static MimeBundle ByKind(object value) => value switch
    {
        MimeBundle bundle => bundle,
        IDisplayable self => self.ToMimeBundle(),
        ResultTable table => MimeBundle.Html(table.ToHtml(), table.ToMarkdown()),
        string text => MimeBundle.Plain(text),
        IFormattable scalar => MimeBundle.Plain(scalar.ToString(null, CultureInfo.InvariantCulture)),
        Exception problem => MimeBundle.Plain(problem.ToString()),
        Type type => MimeBundle.Plain(type.ToString()),
        IEnumerable items => MimeBundle.Html(HtmlTable.OfItems(items), PlainText.Of(value)),
        _ when HtmlTable.Columns(value.GetType()) is { Length: > 0 } && !PlainText.SpeaksForItself(value.GetType()) =>
            MimeBundle.Html(HtmlTable.OfProperties(value), PlainText.Of(value)),
        _ => MimeBundle.Plain(PlainText.Of(value)),
    };
}
