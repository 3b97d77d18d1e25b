using EfQat.Training;
using Google.Protobuf;

namespace EfQat.Integer.Onnx;

/// <summary>ONNX files.</summary>
public static class OnnxFile
{
    /// <summary>As files name the kit that made them.</summary>
    public const string Producer = "EfQat.Notebooks";

    /// <summary>The kit's.</summary>
    public static string Version { get; } = typeof(OnnxFile).Assembly.GetName().Version!.ToString(3);

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="UserError">The model is larger than a protocol buffer may be, or the file cannot be written.</exception>
    public static void Save(ModelProto model, string path)
    {
        long size = model.Graph.Initializer.Sum(constant => (long)constant.RawData.Length);
        if (size > int.MaxValue - (1 << 24))
            throw new UserError($"{path}: {size} bytes of weights, and an ONNX file without external data ends at 2 GB; use fewer bits or a smaller model");
        Files.WriteWhole(path, file => model.WriteTo(file));
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="UserError">It is missing, or no ONNX file.</exception>
    public static ModelProto Load(string path)
    {
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; write it with 'efqat export onnx'");
        try
        {
            var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
            if (model.Graph is { Node.Count: > 0 }) return model;
        }
        catch (InvalidProtocolBufferException) { }
        throw new UserError($"{path}: no ONNX file, or a damaged one; write it with 'efqat export onnx'");
    }

    /// <summary>What a file says of itself.</summary>
    public static IReadOnlyDictionary<string, string> Metadata(this ModelProto model) =>
        model.MetadataProps.GroupBy(property => property.Key).ToDictionary(group => group.Key, group => group.Last().Value);
}
