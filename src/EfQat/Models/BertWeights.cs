using EfQat.Weights;

namespace EfQat.Models;

/// <summary>Weights under Hugging Face's names, e.g. bert.encoder.layer.0.attention.self.query.weight.</summary>
public static class BertWeights
{
    private const string Prefix = "bert.";

    /// <summary>
    /// Copies a file into a model with a head: what the file lacks, such as a head, keeps its values. For the names understood see <see cref="Named"/>.
    /// </summary>
    /// <exception cref="UserError">The file is unreadable, has nothing of a BERT, or tensors of other shapes.</exception>
    public static Mapping Load(nn.Module model, string path)
    {
        using var scope = NewDisposeScope();
        var tensors = Named(model, WeightFile.Read(path).Tensors);
        var mapping = Mapping.Of(model, tensors);
        if (mapping.WrongShape is [var wrong, ..]) throw new UserError($"{path}: {wrong}; choose the model's size to fit");
        if (mapping.Loaded.Count == 0)
            throw new UserError(
                $"{path}: no tensor has a name of {model.GetName()}, e.g. {mapping.Missing[0]}; use the weights of a BERT under Hugging Face's names");
        mapping.Copy(model, tensors);
        return mapping;
    }

    /// <summary>
    /// A file's tensors under the model's names. Understood are names without "bert.", as of a model saved without its head, and gamma and beta, as
    /// old files call the weight and the bias of a normalization; what the model does not know keeps its name.
    /// </summary>
    public static IReadOnlyDictionary<string, Tensor> Named(nn.Module model, IReadOnlyDictionary<string, Tensor> tensors)
    {
        bool headless = !tensors.Keys.Any(name => name.StartsWith(Prefix));
        var own = model.state_dict();
        var named = new Dictionary<string, Tensor>();
        foreach (var (name, tensor) in tensors)
        {
            string modern = Modern(headless && !own.ContainsKey(name) ? Prefix + name : name);
            named[own.ContainsKey(modern) ? modern : name] = tensor;
        }
        return named;
    }

    private static string Modern(string name) =>
        name.EndsWith(".gamma") ? name[..^"gamma".Length] + "weight" : name.EndsWith(".beta") ? name[..^"beta".Length] + "bias" : name;
}
