using EfQat.Training;

namespace EfQat.Models;

/// <summary>What a file and a model did not have in common.</summary>
/// <param name="Missing">Parameters of the model that the file lacks: they keep their values.</param>
/// <param name="Unexpected">Tensors of the file that the model has no place for, by the file's names.</param>
public sealed record LoadReport(IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected);

/// <summary>Weights under Hugging Face's names, e.g. bert.encoder.layer.0.attention.self.query.weight.</summary>
public static class BertWeights
{
    private const string Prefix = "bert.";

    /// <summary>
    /// Copies a .safetensors file into a model with a head. Understood too: names without "bert.", as of a model saved without its head, and gamma
    /// and beta, as old files call the weight and the bias of a normalization.
    /// </summary>
    /// <exception cref="UserError">The file is unreadable, has nothing of a BERT, or tensors of other shapes.</exception>
    public static LoadReport Load(nn.Module model, string path)
    {
        using var scope = NewDisposeScope();
        var tensors = SafeTensors.Read(path).Tensors;
        bool headless = !tensors.Keys.Any(name => name.StartsWith(Prefix));
        var own = model.state_dict();
        var known = new Dictionary<string, Tensor>();
        var unexpected = new List<string>();
        foreach (var (name, tensor) in tensors)
        {
            string modern = Modern(headless && !own.ContainsKey(name) ? Prefix + name : name);
            if (own.ContainsKey(modern)) known[modern] = tensor;
            else unexpected.Add(name);
        }
        if (known.Count == 0)
            throw new UserError(
                $"{path}: no tensor has a name of {model.GetName()}, e.g. {own.Keys.First()}; use the weights of a BERT under Hugging Face's names");
        foreach (var (name, tensor) in known)
            if (!own[name].shape.SequenceEqual(tensor.shape))
                throw new UserError(
                    $"{path}: {name} has shape [{string.Join(", ", tensor.shape)}], the model's is [{string.Join(", ", own[name].shape)}]; " +
                    "choose the model's size to fit");
        model.load_state_dict(known, strict: false);
        return new([.. own.Keys.Except(known.Keys)], unexpected);
    }

    private static string Modern(string name) =>
        name.EndsWith(".gamma") ? name[..^"gamma".Length] + "weight" : name.EndsWith(".beta") ? name[..^"beta".Length] + "bias" : name;
}
