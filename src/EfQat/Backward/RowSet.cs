namespace EfQat.Backward;

/// <summary>The unfrozen rows of a layer's weight: output channels whose gradient is computed and which the optimizer updates.</summary>
public sealed class RowSet
{
    private RowSet(long total, long[] indices) => (Total, Indices) = (total, indices);

    /// <summary>Output channels of the layer.</summary>
    public long Total { get; }

    /// <summary>The unfrozen ones, ascending.</summary>
    public long[] Indices { get; }

    /// <summary>How many are unfrozen.</summary>
    public long Count => Indices.LongLength;

    /// <summary>Every row is unfrozen: ordinary training.</summary>
    public bool IsAll => Count == Total;

    /// <summary>The layer is frozen: no weight gradient at all.</summary>
    public bool IsNone => Count == 0;

    /// <summary>Every row of a layer with this many output channels.</summary>
    public static RowSet All(long total) => new(total, [.. Enumerable.Range(0, checked((int)total)).Select(i => (long)i)]);

    /// <summary>No row.</summary>
    public static RowSet None(long total) => new(total, []);

    /// <summary>Some rows, in any order.</summary>
    /// <exception cref="ArgumentException">A row is named twice or does not exist.</exception>
    public static RowSet Of(long total, IEnumerable<long> rows)
    {
        long[] indices = [.. rows.Order()];
        for (int i = 0; i < indices.Length; i++)
            if (indices[i] < 0 || indices[i] >= total || (i > 0 && indices[i] == indices[i - 1]))
                throw new ArgumentException($"row {indices[i]} is named twice or lies outside 0…{total - 1}", nameof(rows));
        return new(total, indices);
    }

    /// <summary>The indices as a tensor. // [R], int64</summary>
    public Tensor ToTensor(Device device) => tensor(Indices, device: device);
}
