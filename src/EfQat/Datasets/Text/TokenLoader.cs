namespace EfQat.Datasets;

/// <summary>
/// Batches of token sequences for <see cref="Models.Bert"/>: each as long as its longest sequence, the others filled up with zeros that the
/// mask hides.
/// </summary>
/// <param name="name">Of the data set.</param>
/// <param name="sequences">The samples.</param>
/// <param name="batchSize">Sequences in a batch.</param>
/// <param name="shuffle">A new order every epoch; what does not fill a batch is left out.</param>
/// <param name="seed">Decides the order.</param>
/// <param name="device">Where the tensors go.</param>
/// <param name="byLength">Puts sequences of like length into a batch, so that there is next to no filling to compute on.</param>
public sealed class TokenLoader(
    string name, IReadOnlyList<TokenSequence> sequences, int batchSize, bool shuffle = false, long seed = 0, Device? device = null,
    bool byLength = false) : IBatches
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public int Count => sequences.Count;

    /// <inheritdoc/>
    public int BatchSize => batchSize;

    /// <inheritdoc/>
    public int BatchesPerEpoch => shuffle ? Count / batchSize : (Count + batchSize - 1) / batchSize;

    /// <summary>The batches of an epoch: ids, types and mask as one tensor // [N, 3, L], int64; labels // [N], or [N, 2] for answers</summary>
    public IEnumerable<Batch> Epoch(int epoch = 0, int firstBatch = 0, Shard shard = default)
    {
        IEnumerable<int> order = shuffle ? SplitMix64.Permutation(Count, seed, epoch).Take(BatchesPerEpoch * batchSize) : Enumerable.Range(0, Count);
        if (byLength) order = order.OrderBy(i => sequences[i].Tokens.Length);  // stable: at random among those of a length
        int[][] batches = [.. order.Chunk(batchSize)];
        if (byLength && shuffle) batches = [.. SplitMix64.Permutation(batches.Length, seed, epoch).Select(i => batches[i])];
        foreach (int[] batch in batches[firstBatch..])
            if (shard.Of(batch) is { Length: > 0 } indices)
                yield return Load([.. indices.Select(i => sequences[i])]);
    }

    private Batch Load(TokenSequence[] chosen)
    {
        int length = chosen.Max(sequence => sequence.Tokens.Length);
        var inputs = new long[chosen.Length * 3 * length];
        for (int n = 0; n < chosen.Length; n++)
        {
            var (tokens, second) = (chosen[n].Tokens, chosen[n].Second);
            for (int i = 0; i < tokens.Length; i++)
            {
                int at = 3 * n * length + i;
                inputs[at] = tokens[i];
                inputs[at + length] = i < second ? 0 : 1;
                inputs[at + 2 * length] = 1;
            }
        }
        var labels = tensor(chosen.SelectMany(sequence => sequence.Labels).ToArray(), device: device);
        int perSample = chosen[0].Labels.Length;
        return new(tensor(inputs, [chosen.Length, 3, length], device: device), perSample == 1 ? labels : labels.reshape(-1, perSample));
    }
}
