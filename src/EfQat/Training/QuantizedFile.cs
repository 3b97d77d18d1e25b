using System.Runtime.InteropServices;
using EfQat.Quantization;

namespace EfQat.Training;

/// <summary>A trained quantized model in a file: weights, scales and zero points as floats, and the scheme that says which grids they belong to.</summary>
public static class QuantizedFile
{
    private const string SchemeField = "scheme";

    /// <summary>Writes it, whole or not at all.</summary>
    /// <param name="path">A .safetensors file.</param>
    /// <param name="model">Prepared with the scheme.</param>
    /// <param name="scheme">How it is quantized.</param>
    /// <param name="metadata">What else the file says of itself.</param>
    public static void Save(string path, nn.Module model, Scheme scheme, IReadOnlyDictionary<string, string> metadata)
    {
        foreach (var layer in Quantize.Layers(model)) layer.Commit();
        SafeTensors.Write(path, model.state_dict(), new Dictionary<string, string>(metadata) { [SchemeField] = $"{scheme}" });
    }

    /// <summary>Prepares a float model as the file's scheme says and gives it the file's values: its logits are those of the model that was saved.</summary>
    /// <param name="path">Of <see cref="Save"/>.</param>
    /// <param name="model">The same network in full precision, with any weights, on any device.</param>
    /// <returns>What the file says of itself: "scheme", "model", "data", "top1", ….</returns>
    /// <exception cref="UserError">The file is no quantized model's, or another network's.</exception>
    public static IReadOnlyDictionary<string, string> Load(string path, nn.Module model)
    {
        using var scope = NewDisposeScope();
        var (tensors, metadata) = SafeTensors.Read(path);
        if (metadata.GetValueOrDefault(SchemeField) is not { } scheme || scheme == "FP32")
            throw new UserError($"{path}: its {SchemeField} is {metadata.GetValueOrDefault(SchemeField, "missing")}; use a file that 'efqat train --bits' wrote");
        Quantize.Prepare(model, Scheme.Parse(scheme));
        try
        {
            model.load_state_dict(tensors);
        }
        catch (Exception problem) when (problem is InvalidOperationException or ArgumentException or ExternalException)
        {
            throw new UserError($"{path}: it is of another network ({problem.Message.Split('\n')[0]}); use the one its metadata name, {metadata.GetValueOrDefault("model", "unknown")}");
        }
        Quantize.SetState(model, QuantizerState.On);
        return metadata;
    }
}
