using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace EfQat.Jupyter.Notebooks;

/// <summary>JSON byte for byte as Jupyter writes notebooks: keys in order, indented by one, texts as lists of lines. Diffs stay small.</summary>
static class NotebookJson
{
    static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029");

    /// <summary>A whole file.</summary>
    public static string Write(JsonNode root)
    {
        var text = new StringBuilder();
        Write(text, root, 0);
        return text.Append('\n').ToString();
    }

    /// <summary>A text that is a string or a list of lines; null where it is neither.</summary>
    public static string? Text(JsonNode? node) => node switch
    {
        JsonValue value when value.TryGetValue(out string? text) => text,
        JsonArray lines when lines.All(line => line is JsonValue value && value.TryGetValue(out string? _)) => string.Concat(lines),
        _ => null,
    };

    /// <summary>A text as its lines, each with its end.</summary>
    public static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        for (int start = 0, end; start < text.Length; start = end)
        {
            int found = text.AsSpan(start).IndexOfAny(LineEnds);
            end = found < 0 ? text.Length : start + found + (text.AsSpan(start + found).StartsWith("\r\n") ? 2 : 1);
            lines.Add(text[start..end]);
        }
        return lines;
    }

    /// <summary>An output's forms, texts as lines.</summary>
    public static JsonObject Bundle(JsonObject forms) => new(forms.Select(form => KeyValuePair.Create(form.Key,
        form.Value is JsonValue value && value.TryGetValue(out string? text) && (form.Key.StartsWith("text/") || form.Key is "image/svg+xml" or "application/javascript")
            ? Lines(text)
            : form.Value?.DeepClone())));

    static void Write(StringBuilder text, JsonNode? node, int depth)
    {
        switch (node)
        {
            case JsonObject members:
                WriteAll(text, '{', members.OrderBy(member => member.Key, StringComparer.Ordinal), '}', depth, member =>
                {
                    WriteString(text, member.Key);
                    text.Append(": ");
                    Write(text, member.Value, depth + 1);
                });
                break;
            case JsonArray items:
                WriteAll(text, '[', items, ']', depth, item => Write(text, item, depth + 1));
                break;
            case JsonValue value when value.TryGetValue(out string? content):
                WriteString(text, content);
                break;
            default:
                text.Append(node?.ToJsonString().ToLowerInvariant() ?? "null"); // 1e-05, as Python has it
                break;
        }
    }

    static void WriteAll<T>(StringBuilder text, char open, IEnumerable<T> parts, char close, int depth, Action<T> write)
    {
        text.Append(open);
        bool any = false;
        foreach (var part in parts)
        {
            text.Append(any ? ",\n" : "\n").Append(' ', depth + 1);
            write(part);
            any = true;
        }
        if (any) text.Append('\n').Append(' ', depth);
        text.Append(close);
    }

    static void WriteString(StringBuilder text, string content)
    {
        text.Append('"');
        foreach (char c in content)
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        text.Append('"');
    }
}
