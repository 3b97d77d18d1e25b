using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EfQat.Training;

/// <summary>Named tensors and texts in one file: the safetensors format. Nothing in a file is executed; files appear whole or not at all.</summary>
public static class SafeTensors
{
    private const string Metadata = "__metadata__";
    private const int HeaderLimit = 100_000_000;

    private static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["F64"] = ScalarType.Float64, ["F32"] = ScalarType.Float32, ["F16"] = ScalarType.Float16, ["BF16"] = ScalarType.BFloat16,
        ["I64"] = ScalarType.Int64, ["I32"] = ScalarType.Int32,
        ["I16"] = ScalarType.Int16, ["I8"] = ScalarType.Int8, ["U8"] = ScalarType.Byte, ["BOOL"] = ScalarType.Bool,
    };

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="UserError">The file cannot be written; what was at the path is untouched.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var scope = NewDisposeScope();
        var header = new JsonObject { [Metadata] = new JsonObject([.. metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))]) };
        var contents = new List<Tensor>();
        long end = 0;
        foreach (var (name, tensor) in tensors)
        {
            var dense = tensor.detach().cpu().contiguous();
            long start = end;
            end += dense.numel() * dense.element_size();
            header[name] = new JsonObject
            {
                ["dtype"] = Types.First(pair => pair.Value == dense.dtype).Key,
                ["shape"] = new JsonArray([.. dense.shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(start, end),
            };
            contents.Add(dense);
        }
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header);
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
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; check the path");
        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            return Parse(path, bytes);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or IndexOutOfRangeException or ArgumentException or OverflowException)
        {
            throw new UserError($"{path}: its header is no safetensors header ({problem.Message.ReplaceLineEndings(" ")}); the file is damaged or of another kind");
        }
    }

    private static (Dictionary<string, Tensor>, Dictionary<string, string>) Parse(string path, byte[] bytes)
    {
        long length = bytes.Length < 8 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(bytes);
        if (length is < 2 or > HeaderLimit || length > bytes.Length - 8)
            throw new UserError($"{path}: the header length is {length} in a file of {bytes.Length} bytes; the file is truncated or no safetensors file");
        var data = bytes.AsSpan(8 + (int)length);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, (int)length));
        var tensors = new Dictionary<string, Tensor>();
        var metadata = new Dictionary<string, string>();
        var ranges = new List<(long Start, long End)>();
        foreach (var entry in header.RootElement.EnumerateObject())
        {
            if (entry.Name == Metadata)
            {
                foreach (var pair in entry.Value.EnumerateObject()) metadata[pair.Name] = pair.Value.GetString() ?? "";
                continue;
            }
            string type = entry.Value.GetProperty("dtype").GetString() ?? "";
            if (!Types.TryGetValue(type, out var dtype))
                throw new UserError($"{path}: {entry.Name} has dtype '{type}'; readable are {string.Join(", ", Types.Keys)}");
            long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            var offsets = entry.Value.GetProperty("data_offsets");
            long start = offsets[0].GetInt64(), end = offsets[1].GetInt64();
            // An empty tensor may still state sizes too large for libtorch.
            _ = shape.Aggregate(8L, (product, size) => checked(product * Math.Max(size, 1)));
            long expected = shape.Aggregate((long)ElementSize(dtype), (product, size) => checked(product * (size >= 0 ? size : throw new FormatException($"{entry.Name}: negative size"))));
            if (start < 0 || end > data.Length || end - start != expected)
                throw new UserError($"{path}: {entry.Name} lies at bytes {start}…{end} of {data.Length} and needs {expected}; the file is truncated or damaged");
            ranges.Add((start, end));
            var tensor = empty(shape, dtype);
            data[(int)start..(int)end].CopyTo(tensor.bytes);
            if (!tensors.TryAdd(entry.Name, tensor)) throw new UserError($"{path}: {entry.Name} stands twice in the header; the file is damaged");
        }
        long covered = 0;
        foreach (var (start, end) in ranges.Order())
            covered = start == covered ? end : throw new UserError($"{path}: tensors overlap or leave a gap at byte {covered} of the data; the file is damaged");
        return covered == data.Length
            ? (tensors, metadata)
            : throw new UserError($"{path}: {data.Length} bytes of data where the header describes {covered}; the file is damaged");
    }

    private static int ElementSize(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        _ => 1,
    };
}
