namespace EfQat.Weights;

/// <summary>
/// TorchSharp's .dat: how many tensors; of each the name, type, shape and bytes. Numbers are unsigned LEB128, types those of ScalarType.
/// </summary>
internal static class TorchSharpFile
{
    public static Dictionary<string, Tensor> Read(Stream file)
    {
        using var reader = new BinaryReader(file);
        var tensors = new Dictionary<string, Tensor>();
        for (long left = reader.Read7BitEncodedInt64(); left > 0; left--)
        {
            string name = reader.ReadString();
            var type = (ScalarType)checked((sbyte)reader.Read7BitEncodedInt64());
            long rank = reader.Read7BitEncodedInt64();
            var shape = new long[rank is >= 0 and <= 64 ? rank : throw new FormatException($"{name} has {rank} dimensions")];
            for (int i = 0; i < shape.Length; i++) shape[i] = reader.Read7BitEncodedInt64();
            if (Element.Bytes(type, shape) > file.Length - file.Position) throw new EndOfStreamException($"the file ends within {name}");
            var tensor = empty(shape, type);
            file.ReadExactly(tensor.bytes);
            if (!tensors.TryAdd(name, tensor)) throw new FormatException($"{name} stands twice");
        }
        return file.Position == file.Length ? tensors : throw new FormatException($"{file.Length - file.Position} bytes are left over");
    }
}
