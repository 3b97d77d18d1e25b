namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // TorchSharp's own file: the count, then of each tensor the name, element type, shape and raw bytes; numbers as unsigned LEB128.
        public partial class Module
        {
            public Module save(string location, IList<string>? skip = null)
            {
                using var stream = File.Create(location);
                return save(stream, skip);
            }

            public Module save(Stream stream, IList<string>? skip = null)
            {
                using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
                return save(writer, skip);
            }

            public Module save(BinaryWriter writer, IList<string>? skip = null)
            {
                save_state_dict(writer, state_dict(), skip);
                return this;
            }

            public static void save_state_dict(BinaryWriter writer, Dictionary<string, Tensor> sd, IList<string>? skip = null)
            {
                var kept = sd.Where(pair => skip?.Contains(pair.Key) != true).ToList();
                writer.Write7BitEncodedInt64(kept.Count);
                foreach (var (key, tensor) in kept)
                {
                    using var scope = NewDisposeScope();
                    writer.Write(key);
                    writer.Write7BitEncodedInt64((long)tensor.dtype);
                    writer.Write7BitEncodedInt64(tensor.ndim);
                    foreach (long size in tensor.shape) writer.Write7BitEncodedInt64(size);
                    writer.Write(tensor.detach().cpu().contiguous().bytes);
                }
            }

            public virtual Module load(string location, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                using var stream = File.OpenRead(location);
                return load(stream, strict, skip, loadedParameters);
            }

            public Module load(Stream stream, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                using var reader = new BinaryReader(stream, System.Text.Encoding.UTF8, leaveOpen: true);
                return load(reader, strict, skip, loadedParameters);
            }

            public virtual Module load(BinaryReader reader, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                using var scope = NewDisposeScope();
                Dictionary<string, Tensor> source = [];
                for (long left = reader.Read7BitEncodedInt64(); left > 0; left--)
                    source[reader.ReadString()] = ReadTensor(reader);
                load_state_dict(source, strict, skip);
                if (loadedParameters is not null)
                    foreach (string key in state_dict().Keys)
                        loadedParameters[key] = source.ContainsKey(key) && skip?.Contains(key) != true;
                return this;
            }

            private static Tensor ReadTensor(BinaryReader reader)
            {
                var type = (ScalarType)reader.Read7BitEncodedInt64();
                long dimensions = reader.Read7BitEncodedInt64();
                if (!Enum.IsDefined(type) || dimensions is < 0 or > 64)
                    throw new InvalidDataException($"not a saved module: element type {(long)type}, {dimensions} dimensions");
                var shape = new long[dimensions];
                for (int i = 0; i < dimensions; i++) shape[i] = reader.Read7BitEncodedInt64();
                var tensor = empty(shape, type);
                reader.BaseStream.ReadExactly(tensor.bytes);
                return tensor;
            }
        }
    }
}
