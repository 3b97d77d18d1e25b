using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EfQat.Jupyter.Protocol;

namespace EfQat.Jupyter.Transport;

/// <summary>
/// Messages as frames: identities, a delimiter, the signature, then header, parent header, metadata and content as JSON, then buffers.
/// Source: Jupyter messaging protocol 5.4, "The wire protocol".
/// </summary>
sealed class WireFormat(string key)
{
    static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();
    static readonly byte[] Empty = "{}"u8.ToArray();
    readonly byte[] key = Encoding.UTF8.GetBytes(key);

    public List<byte[]> Encode(Message message)
    {
        byte[] header = JsonSerializer.SerializeToUtf8Bytes(message.Header, ProtocolJson.Default.Header);
        byte[] parent = message.Parent is { } p ? JsonSerializer.SerializeToUtf8Bytes(p, ProtocolJson.Default.Header) : Empty;
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(message.Content, ProtocolJson.Default.JsonElement);
        return [.. message.Identities, Delimiter, Sign(header, parent, Empty, content), header, parent, Empty, content];
    }

    /// <summary>The message in the frames.</summary>
    /// <exception cref="InvalidDataException">The frames are no message, or the signature is wrong; says which.</exception>
    public Message Decode(List<byte[]> frames)
    {
        int delimiter = frames.FindIndex(frame => frame.AsSpan().SequenceEqual(Delimiter));
        if (delimiter < 0 || frames.Count < delimiter + 6) throw new InvalidDataException($"{frames.Count} frames are not a message");
        byte[][] parts = [.. frames.Skip(delimiter + 2).Take(4)];
        if (!CryptographicOperations.FixedTimeEquals(frames[delimiter + 1], Sign(parts))) throw new InvalidDataException("wrong signature");
        try
        {
            var header = JsonSerializer.Deserialize(parts[0], ProtocolJson.Default.Header) ?? throw new InvalidDataException("the header is null");
            var content = JsonSerializer.Deserialize(parts[3], ProtocolJson.Default.JsonElement);
            if (content.ValueKind != JsonValueKind.Object) throw new InvalidDataException("the content is not an object");
            var parent = parts[1].AsSpan().SequenceEqual(Empty) ? null : JsonSerializer.Deserialize(parts[1], ProtocolJson.Default.Header);
            return new(frames[..delimiter], header, parent, content);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException(problem.Message);
        }
    }

    byte[] Sign(params byte[][] parts)
    {
        if (key.Length == 0) return [];
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        foreach (var part in parts) hash.AppendData(part);
        return Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
