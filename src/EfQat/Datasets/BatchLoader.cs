namespace EfQat.Datasets;

/// <summary>Some images with their labels.</summary>
/// <param name="Images">Normalized floats, channels-last in memory // [N, C, H, W]; of texts ids, types and mask // [N, 3, L]</param>
/// <param name="Labels">// [N], int64</param>
public readonly record struct Batch(Tensor Images, Tensor Labels);

/// <summary>
/// Batches of a dataset. Order and augmentation are functions of (seed, epoch, index) alone, so that training can go on from any position.
/// </summary>
/// <param name="data">The images.</param>
/// <param name="batchSize">Images in a batch.</param>
/// <param name="shuffle">A new order every epoch; what does not fill a batch is left out.</param>
/// <param name="augment">Random crops of the image padded by 4 pixels, and horizontal flips.</param>
/// <param name="seed">Decides order and augmentation.</param>
/// <param name="device">Where the tensors go.</param>
public sealed class BatchLoader(ImageDataset data, int batchSize, bool shuffle = false, bool augment = false, long seed = 0, Device? device = null) : IBatches
{
    private const int Padding = 4;
    private readonly float[][] normalized =
        [.. Enumerable.Range(0, data.Channels).Select(c => Enumerable.Range(0, 256).Select(v => (v / 255f - data.Mean[c]) / data.Std[c]).ToArray())];

    /// <summary>The dataset.</summary>
    public ImageDataset Data => data;

    /// <inheritdoc/>
    public string Name => data.Name;

    /// <inheritdoc/>
    public int Count => data.Count;

    /// <inheritdoc/>
    public int BatchSize => batchSize;

    /// <inheritdoc/>
    public int BatchesPerEpoch => shuffle ? data.Count / batchSize : (data.Count + batchSize - 1) / batchSize;

    /// <inheritdoc/>
    public IEnumerable<Batch> Epoch(int epoch = 0, int firstBatch = 0, Shard shard = default)
    {
        int[] order = shuffle ? SplitMix64.Permutation(data.Count, seed, epoch) : [.. Enumerable.Range(0, data.Count)];
        for (int batch = firstBatch; batch < BatchesPerEpoch; batch++)
            if (shard.Of(order[(batch * batchSize)..Math.Min((batch + 1) * batchSize, data.Count)]) is { Length: > 0 } indices)
                yield return Load(indices, epoch);
    }

    private Batch Load(ReadOnlySpan<int> indices, int epoch)
    {
        var (c, h, w) = (data.Channels, data.Height, data.Width);
        var images = new float[indices.Length * data.ImageSize];
        var labels = new long[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            int index = indices[i];
            labels[i] = data.Labels[index];
            var random = SplitMix64.Of(seed, epoch, index);
            var (top, left) = augment ? (random.Below(2 * Padding + 1) - Padding, random.Below(2 * Padding + 1) - Padding) : (0, 0);
            bool flip = augment && random.Below(2) == 1;
            var source = data.Pixels.AsSpan(index * data.ImageSize, data.ImageSize);
            var target = images.AsSpan(i * data.ImageSize, data.ImageSize);
            for (int channel = 0; channel < c; channel++)
            {
                var table = normalized[channel];
                for (int y = 0; y < h; y++)
                {
                    int row = y + top;
                    for (int x = 0; x < w; x++)
                    {
                        int column = (flip ? w - 1 - x : x) + left;
                        bool inside = (uint)row < (uint)h && (uint)column < (uint)w;
                        target[(y * w + x) * c + channel] = table[inside ? source[(channel * h + row) * w + column] : 0];
                    }
                }
            }
        }
        var batch = tensor(images, [indices.Length, h, w, c], device: device).permute(0, 3, 1, 2);
        return new(batch, tensor(labels, device: device));
    }
}
