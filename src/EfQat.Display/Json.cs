using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace EfQat.Display;

/// <summary>The one JSON dialect of every result: snake_case keys, and null for a number that is not finite.</summary>
public static class Json
{
    /// <summary>Options for results written to files: snake_case, indented, readable text.</summary>
    public static readonly JsonSerializerOptions Results = Create(indented: true);

    /// <summary>The same on one line.</summary>
    public static readonly JsonSerializerOptions Line = Create(indented: false);

    static JsonSerializerOptions Create(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new FiniteOrNull(), new FiniteOrNullSingle(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Sets "a.b" to a value, creating "a" where needed; null leaves the field out.</summary>
    internal static JsonObject Set(this JsonObject node, string path, object? value)
    {
        if (value is null)
            return node;
        var names = path.Split('.');
        var parent = node;
        foreach (var name in names[..^1])
            parent = (JsonObject)(parent[name] ??= new JsonObject());
        parent[names[^1]] = value as JsonNode ?? JsonSerializer.SerializeToNode(value, Line);
        return node;
    }

    /// <summary>Copies the fields of <paramref name="from"/> over those of <paramref name="into"/>, objects member by member.</summary>
    internal static JsonObject Merge(JsonObject into, JsonObject from)
    {
        foreach (var (name, value) in from)
            if (into[name] is JsonObject inner && value is JsonObject outer)
                Merge(inner, outer);
            else
                into[name] = value?.DeepClone();
        return into;
    }

    internal static JsonObject Copy(this JsonObject node) => (JsonObject)node.DeepClone();

    sealed class FiniteOrNull : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }

    sealed class FiniteOrNullSingle : JsonConverter<float>
    {
        public override float Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.GetSingle();

        public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options)
        {
            if (float.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}
