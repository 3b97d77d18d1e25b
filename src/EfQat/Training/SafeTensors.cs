using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EfQat.Weights;

namespace EfQat.Training;

/// <summary>Named tensors and texts in one file: the safetensors format. Nothing in a file is executed; files appear whole or not at all.</summary>
public static class SafeTensors
{
    private const string Metadata = "__metadata__";
    private const int HeaderLimit = 100_000_000;

    // In the order in which the reference implementation lays them out.
    private static readonly (string Name, ScalarType Type)[] Types =
    [
        ("I64", ScalarType.Int64), ("F64", ScalarType.Float64), ("F32", ScalarType.Float32), ("I32", ScalarType.Int32), ("BF16", ScalarType.BFloat16),
        ("F16", ScalarType.Float16), ("I16", ScalarType.Int16), ("I8", ScalarType.Int8), ("U8", ScalarType.Byte), ("BOOL", ScalarType.Bool),
    ];

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a file, whole or not at all; byte for byte as the reference implementation does: by type, then by name.</summary>
    /// <exception cref="UserError">The file cannot be written; what was at the path is untouched.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var scope = NewDisposeScope();
        var header = new JsonObject();
        if (metadata.Count > 0) header[Metadata] = new JsonObject([.. metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))]);
        var contents = new List<Tensor>();
        long end = 0;
        foreach (var (name, tensor) in tensors.OrderBy(pair => Rank(pair.Value.dtype)).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var dense = tensor.detach().cpu().contiguous();
            long start = end;
            end += dense.numel() * dense.element_size();
            header[name] = new JsonObject
            {
                ["dtype"] = Types[Rank(dense.dtype)].Name,
                ["shape"] = new JsonArray([.. dense.shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(start, end),
            };
            contents.Add(dense);
        }
        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString(Plain));
        int padded = (text.Length + 7) / 8 * 8;
        byte[] head = new byte[8 + padded];
        head.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteInt64LittleEndian(head, padded);
        text.CopyTo(head, 8);

        Files.WriteWhole(path, file =>
        {
            file.Write(head);
            foreach (var tensor in contents) file.Write(tensor.bytes);
        });
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="UserError">It is missing, truncated or malformed.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        using var file = Files.Map(path);
        try
        {
            return Parse(path, file);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or KeyNotFoundException
            or IndexOutOfRangeException or ArgumentException or OverflowException)
        {
            throw new UserError(
                $"{path}: its header is no safetensors header ({problem.Message.ReplaceLineEndings(" ")}); the file is damaged or of another kind");
        }
    }

    private static (Dictionary<string, Tensor>, Dictionary<string, string>) Parse(string path, Stream file)
    {
        using var reader = new BinaryReader(file);
        long length = file.Length < 8 ? -1 : reader.ReadInt64();
        if (length is < 2 or > HeaderLimit || length > file.Length - 8)
            throw new UserError($"{path}: the header length is {length} in a file of {file.Length} bytes; the file is truncated or no safetensors file");
        using var header = JsonDocument.Parse(reader.ReadBytes((int)length));
        long dataLength = file.Length - file.Position, covered = 0;
        var entries = new List<Entry>();
        var metadata = new Dictionary<string, string>();
        foreach (var field in header.RootElement.EnumerateObject())
        {
            if (field.Name == Metadata)
                foreach (var pair in field.Value.EnumerateObject()) metadata[pair.Name] = pair.Value.GetString() ?? "";
            else
                entries.Add(Read(path, field, dataLength));
        }
        foreach (var (_, _, _, start, end) in entries.OrderBy(entry => entry.Start).ThenBy(entry => entry.End))
            covered = start == covered
                ? end
                : throw new UserError($"{path}: tensors overlap or leave a gap at byte {covered} of the data; the file is damaged");
        if (covered != dataLength)
            throw new UserError($"{path}: {dataLength} bytes of data where the header describes {covered}; the file is damaged");
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (name, type, shape, start, _) in entries)
        {
            var tensor = empty(shape, type);
            if (!tensors.TryAdd(name, tensor)) throw new UserError($"{path}: {name} stands twice in the header; the file is damaged");
            file.Position = 8 + length + start;
            file.ReadExactly(tensor.bytes);
        }
        return (tensors, metadata);
    }

    private static Entry Read(string path, JsonProperty field, long dataLength)
    {
        string type = field.Value.GetProperty("dtype").GetString() ?? "";
        var known = Types.FirstOrDefault(known => known.Name == type);
        if (known.Name is null)
            throw new UserError($"{path}: {field.Name} has dtype '{type}'; readable are {string.Join(", ", Types.Select(known => known.Name))}");
        long[] shape = [.. field.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        var offsets = field.Value.GetProperty("data_offsets");
        long start = offsets[0].GetInt64(), end = offsets[1].GetInt64(), expected = Element.Bytes(known.Type, shape);
        return start >= 0 && end <= dataLength && end - start == expected
            ? new(field.Name, known.Type, shape, start, end)
            : throw new UserError(
                $"{path}: {field.Name} lies at bytes {start}…{end} of {dataLength} and needs {expected}; the file is truncated or damaged");
    }

    private static int Rank(ScalarType type) => Array.FindIndex(Types, known => known.Type == type);

    private readonly record struct Entry(string Name, ScalarType Type, long[] Shape, long Start, long End);
}
