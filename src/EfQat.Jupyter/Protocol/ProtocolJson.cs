using System.Text.Json;
using System.Text.Json.Serialization;

namespace EfQat.Jupyter.Protocol;

/// <summary>How messages are written: snake_case, nothing for null; compiled ahead, since reflection would cost the first reply.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Header))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(ExecuteRequest))]
[JsonSerializable(typeof(CompleteRequest))]
[JsonSerializable(typeof(InspectRequest))]
[JsonSerializable(typeof(IsCompleteRequest))]
[JsonSerializable(typeof(HistoryRequest))]
[JsonSerializable(typeof(ShutdownRequest))]
[JsonSerializable(typeof(CommOpen))]
[JsonSerializable(typeof(InputReply))]
[JsonSerializable(typeof(Reply))]
[JsonSerializable(typeof(KernelInfoReply))]
[JsonSerializable(typeof(ExecuteReply))]
[JsonSerializable(typeof(CompleteReply))]
[JsonSerializable(typeof(InspectReply))]
[JsonSerializable(typeof(IsCompleteReply))]
[JsonSerializable(typeof(HistoryReply))]
[JsonSerializable(typeof(CommInfoReply))]
[JsonSerializable(typeof(ShutdownReply))]
[JsonSerializable(typeof(KernelStatus))]
[JsonSerializable(typeof(ExecuteInput))]
[JsonSerializable(typeof(StreamText))]
[JsonSerializable(typeof(ErrorOutput))]
[JsonSerializable(typeof(DisplayData))]
[JsonSerializable(typeof(ClearOutput))]
[JsonSerializable(typeof(InputRequest))]
[JsonSerializable(typeof(CommClose))]
sealed partial class ProtocolJson : JsonSerializerContext
{
    /// <summary>A content record as JSON.</summary>
    public static JsonElement Write<T>(T content) => JsonSerializer.SerializeToElement(content, typeof(T), Default);

    /// <summary>A content record from JSON; other fields are ignored.</summary>
    /// <exception cref="JsonException">A field is missing or of another type.</exception>
    public static T Read<T>(JsonElement content) => (T)JsonSerializer.Deserialize(content, typeof(T), Default)!;
}
