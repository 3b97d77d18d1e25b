namespace EfQat.Datasets;

/// <summary>What one of several workers takes of every batch: samples Rank, Rank + Count, …; the default takes all.</summary>
/// <param name="Rank">Of the worker, from 0.</param>
/// <param name="Count">Of workers.</param>
public readonly record struct Shard(int Rank, int Count)
{
    /// <summary>Its share of a batch.</summary>
    public T[] Of<T>(T[] batch)
    {
        var (rank, count) = (Rank, Count);
        return count <= 1 ? batch : [.. batch.Where((_, i) => i % count == rank)];
    }
}
