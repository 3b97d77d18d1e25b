using EfQat.Training;

namespace EfQat.Weights;

/// <summary>
/// Named tensors from a file: .safetensors, what PyTorch's torch.save wrote (.pth, .pt, .bin, .th; the zip format and the one before it), or
/// TorchSharp's .dat. Nothing in a file is executed. A prefix "module." that all names have, as of DataParallel, is left out.
/// </summary>
/// <param name="Path">Where it is.</param>
/// <param name="Format">Which of them.</param>
/// <param name="Tensors">By name.</param>
/// <param name="Metadata">What the file says beside them.</param>
public sealed record WeightFile(string Path, string Format, IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    private const string Wrapper = "module.";

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="UserError">It is missing, damaged, of another kind, or asks to run something.</exception>
    public static WeightFile Read(string path)
    {
        using var scope = NewDisposeScope();
        var (format, tensors, metadata) = Parse(path);
        foreach (var tensor in tensors.Values) tensor.MoveToOuterDisposeScope();
        if (tensors.Keys.All(name => name.StartsWith(Wrapper, StringComparison.Ordinal)))
            tensors = tensors.ToDictionary(pair => pair.Key[Wrapper.Length..], pair => pair.Value);
        return new(path, format, tensors, metadata);
    }

    /// <summary>Copies a file into a model that has its names and shapes, no more and no less.</summary>
    /// <exception cref="UserError">The model has others, or the file is unreadable.</exception>
    public static void Load(nn.Module model, string path)
    {
        using var scope = NewDisposeScope();
        var tensors = Read(path).Tensors;
        var mapping = Mapping.Of(model, tensors);
        if (mapping.Difference is { } difference)
            throw new UserError(
                $"{path}: {difference}; choose the model, or its number of classes, to fit; "
                + $"'efqat weights {path} --model {model.GetName()}' lists all differences");
        mapping.Copy(model, tensors);
    }

    private static (string, Dictionary<string, Tensor>, Dictionary<string, string>) Parse(string path)
    {
        using var file = Files.Map(path);
        Span<byte> start = stackalloc byte[9];
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        file.Position = 0;
        try
        {
            if (path.EndsWith(".dat", StringComparison.OrdinalIgnoreCase)) return ("TorchSharp", TorchSharpFile.Read(file), []);
            if (start.StartsWith("PK\x03\x04"u8)) return Named("PyTorch, zip", TorchFile.ReadZip(file));
            if (start is [.., (byte)'{'] || path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
                return Named("safetensors", SafeTensors.Read(path));
            if (start is [0x80, ..]) return Named("PyTorch, before 1.6", TorchFile.ReadOld(file));
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or FormatException or OverflowException)
        {
            throw new UserError(
                $"{path}: {problem.Message.ReplaceLineEndings(" ")}; fetch the file again, or save the weights alone in Python: "
                + "torch.save(model.state_dict(), FILE)");
        }
        throw new UserError($"{path}: no file of weights; readable are .safetensors, PyTorch's .pth, .pt, .bin and .th, and TorchSharp's .dat");
    }

    private static (string, Dictionary<string, Tensor>, Dictionary<string, string>) Named(
        string format, (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) content) => (format, content.Tensors, content.Metadata);
}
