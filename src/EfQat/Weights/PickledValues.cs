namespace EfQat.Weights;

/// <summary>A dictionary of a pickle. A list of pairs: keys that were chosen to collide in a hash table would cost hours.</summary>
internal sealed class PickledDict
{
    /// <summary>In the file's order; of a key that stands twice the last one counts.</summary>
    public List<(object? Key, object? Value)> Items { get; } = [];

    /// <summary>A value by its key, or null.</summary>
    public object? this[string key] => Items.FindLast(item => item.Key is string name && name == key).Value;
}

/// <summary>Numbers that lie elsewhere in the file.</summary>
/// <param name="Key">Names them.</param>
/// <param name="Type">Of each.</param>
/// <param name="Count">How many.</param>
internal sealed record PickledStorage(string Key, ScalarType Type, long Count)
{
    /// <summary>Bytes of all.</summary>
    public long Bytes => checked(Count * Element.Size(Type));
}

/// <summary>A view of a storage: where element 0 lies, and the step along each dimension, in elements.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Size, long[] Stride)
{
    /// <summary>The view, checked against its storage; elements that lie over each other would make a small file fill the memory.</summary>
    /// <exception cref="InvalidDataException">It reaches beyond its storage, or elements share a place.</exception>
    public static PickledTensor Of(PickledStorage storage, long offset, long[] size, long[] stride)
    {
        long numbers = Element.Bytes(storage.Type, size) / Element.Size(storage.Type);
        if (stride.Length != size.Length || stride.Any(step => step < 0) || offset < 0 || numbers > storage.Count)
            throw new InvalidDataException(
                $"a tensor [{string.Join(", ", size)}] with strides [{string.Join(", ", stride)}] has no room in {storage.Count} numbers");
        long last = size.Zip(stride, (count, step) => checked((count - 1) * step)).Aggregate(offset, (sum, way) => checked(sum + way));
        return numbers == 0 || last < storage.Count
            ? new(storage, offset, size, stride)
            : throw new InvalidDataException($"a tensor reaches element {last} of {storage.Count}");
    }
}
