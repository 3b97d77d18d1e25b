using System.Text.Json;

namespace EfQat.Jupyter.Protocol;

/// <summary>Who says what kind of thing.</summary>
/// <param name="MsgId">Unique.</param>
/// <param name="Session">Of the sender.</param>
/// <param name="MsgType">For example <c>execute_request</c>.</param>
/// <param name="Username">Of the sender.</param>
/// <param name="Date">ISO 8601.</param>
/// <param name="Version">Of the protocol.</param>
sealed record Header(string MsgId, string Session, string MsgType, string? Username = null, string? Date = null, string? Version = null)
{
    public const string ProtocolVersion = "5.4";

    static readonly string Kernel = Guid.NewGuid().ToString();

    public static Header Of(string type) => new(Guid.NewGuid().ToString(), Kernel, type, "kernel", DateTime.UtcNow.ToString("O"), ProtocolVersion);
}

/// <summary>A message of any type.</summary>
/// <param name="Identities">Routing frames: whom a reply goes to.</param>
/// <param name="Header">Who and what.</param>
/// <param name="Parent">The request that caused it.</param>
/// <param name="Content">A JSON object, by type.</param>
sealed record Message(IReadOnlyList<byte[]> Identities, Header Header, Header? Parent, JsonElement Content)
{
    public string Type => Header.MsgType;
}
