namespace EfQat.Datasets;

/// <summary>A data set in batches, whose order is a function of (seed, epoch) alone, so that training can go on from any position.</summary>
public interface IBatches
{
    /// <summary>Of the data set, for messages.</summary>
    string Name { get; }

    /// <summary>Samples in the data set.</summary>
    int Count { get; }

    /// <summary>Samples in a full batch.</summary>
    int BatchSize { get; }

    /// <summary>Batches of one epoch.</summary>
    int BatchesPerEpoch { get; }

    /// <summary>The batches of an epoch, from one of them on.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="firstBatch">From 0.</param>
    /// <param name="shard">The share of each batch; batches of which nothing falls to it are left out.</param>
    IEnumerable<Batch> Epoch(int epoch = 0, int firstBatch = 0, Shard shard = default);
}
