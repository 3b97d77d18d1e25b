namespace EfQat.Weights;

/// <summary>What a file's tensors and a model's have in common, by name.</summary>
/// <param name="Loaded">In both, and of one shape.</param>
/// <param name="Missing">The model's that the file lacks: they keep their values.</param>
/// <param name="Unexpected">The file's that the model has no place for.</param>
/// <param name="WrongShape">In both, but of different shapes.</param>
public sealed record Mapping(
    IReadOnlyList<string> Loaded, IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected, IReadOnlyList<ShapeDifference> WrongShape)
{
    /// <summary>Compares; copies nothing.</summary>
    public static Mapping Of(nn.Module model, IReadOnlyDictionary<string, Tensor> tensors)
    {
        var own = model.state_dict();
        var shared = own.Keys.Where(tensors.ContainsKey).ToLookup(name => own[name].shape.SequenceEqual(tensors[name].shape));
        return new(
            [.. shared[true]],
            // A counter that no result depends on, and that PyTorch wrote only from 0.4.1 on.
            [.. own.Keys.Where(name => !tensors.ContainsKey(name) && !name.EndsWith(".num_batches_tracked"))],
            [.. tensors.Keys.Where(name => !own.ContainsKey(name))],
            [.. shared[false].Select(name => new ShapeDifference(name, tensors[name].shape, own[name].shape))]);
    }

    /// <summary>The first difference in words, and how many there are; null where there is none.</summary>
    public string? Difference
    {
        get
        {
            string[] all =
            [
                .. WrongShape.Select(difference => $"{difference}"),
                .. Missing.Select(name => $"{name} is missing"),
                .. Unexpected.Select(name => $"{name} is not the model's"),
            ];
            return all is [] ? null : all is [var only] ? only : $"{all[0]}, and {all.Length - 1} more tensors differ";
        }
    }

    /// <summary>Copies what is <see cref="Loaded"/>.</summary>
    public void Copy(nn.Module model, IReadOnlyDictionary<string, Tensor> tensors) =>
        model.load_state_dict(Loaded.ToDictionary(name => name, name => tensors[name]), strict: false);
}

/// <summary>One name with two shapes.</summary>
/// <param name="Name">Of the tensor.</param>
/// <param name="File">Its shape in the file.</param>
/// <param name="Model">In the model.</param>
public sealed record ShapeDifference(string Name, long[] File, long[] Model)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} has shape [{string.Join(", ", File)}], the model's is [{string.Join(", ", Model)}]";
}
