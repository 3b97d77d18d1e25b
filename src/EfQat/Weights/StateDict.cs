using System.Globalization;

namespace EfQat.Weights;

/// <summary>The named tensors of a checkpoint: of the object itself, or of a dictionary in it.</summary>
internal static class StateDict
{
    private const string Usual = "state_dict";

    /// <param name="root">What was pickled.</param>
    /// <param name="load">All numbers of a storage, as one dimension; asked once for each.</param>
    /// <returns>The tensors, and what the checkpoint says beside them, e.g. an epoch.</returns>
    /// <exception cref="InvalidDataException">There are none, or several dictionaries of them.</exception>
    public static (Dictionary<string, Tensor>, Dictionary<string, string>) Of(object? root, Func<PickledStorage, Tensor> load)
    {
        var weights = Find(root);
        var storages = new Dictionary<string, Tensor>();
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (key, value) in weights.Items)
        {
            if (key is not string name || value is not PickledTensor view) continue;
            if (!storages.TryGetValue(view.Storage.Key, out var numbers)) storages[view.Storage.Key] = numbers = load(view.Storage);
            tensors[name] = numbers.as_strided(view.Size, view.Stride, view.Offset);
        }
        var metadata = new Dictionary<string, string>();
        foreach (var (key, value) in ((PickledDict)root!).Items)
            if (key is string name && value is string or long or double or bool)
                metadata[name] = Convert.ToString(value, CultureInfo.InvariantCulture)!;
        return (tensors, metadata);
    }

    private static PickledDict Find(object? root)
    {
        if (root is not PickledDict dictionary) throw new InvalidDataException("it holds no dictionary of tensors");
        if (HasTensors(dictionary)) return dictionary;
        if (dictionary[Usual] is PickledDict usual && HasTensors(usual)) return usual;
        var nested = dictionary.Items.Where(item => item.Value is PickledDict inner && HasTensors(inner)).ToList();
        return nested is [var only]
            ? (PickledDict)only.Value!
            : throw new InvalidDataException(nested is []
                ? "it holds no dictionary of tensors"
                : $"it holds several dictionaries of tensors ({string.Join(", ", nested.Select(item => item.Key).Take(5))})");
    }

    private static bool HasTensors(PickledDict dictionary) => dictionary.Items.Exists(item => item is { Key: string, Value: PickledTensor });
}
