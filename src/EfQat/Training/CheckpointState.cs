namespace EfQat.Training;

/// <summary>Everything a training run goes on from: named tensors and texts.</summary>
public sealed class CheckpointState
{
    /// <summary>Weights, buffers, the optimizer's memory, the random generator's state.</summary>
    public Dictionary<string, Tensor> Tensors { get; private init; } = [];

    /// <summary>Identity ("model", "scheme", …) and position.</summary>
    public Dictionary<string, string> Metadata { get; private init; } = [];

    /// <summary>Writes it, whole or not at all.</summary>
    public void Save(string path) => SafeTensors.Write(path, Tensors, Metadata);

    /// <summary>Reads a checkpoint and checks that it belongs to this run.</summary>
    /// <exception cref="UserError">Unreadable, or of another model, scheme or setting.</exception>
    public static CheckpointState Load(string path, IReadOnlyDictionary<string, string> identity)
    {
        var (tensors, metadata) = SafeTensors.Read(path);
        foreach (var (field, expected) in identity)
            if (metadata.GetValueOrDefault(field, "nothing") is var found && found != expected)
                throw new UserError($"{path}: its {field} is {found}, this run's is {expected}; use the checkpoint's own setting, or another --out to start anew");
        return new() { Tensors = tensors, Metadata = metadata };
    }

    /// <summary>Takes a model's parameters and buffers in.</summary>
    public void Add(nn.Module model)
    {
        foreach (var (name, tensor) in model.state_dict()) Tensors["model." + name] = tensor;
    }

    /// <summary>Gives them back.</summary>
    public void CopyTo(nn.Module model) =>
        model.load_state_dict(Tensors.Where(pair => pair.Key.StartsWith("model.")).ToDictionary(pair => pair.Key["model.".Length..], pair => pair.Value));
}
