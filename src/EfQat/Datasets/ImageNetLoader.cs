namespace EfQat.Datasets;

/// <summary>
/// Batches of photographs in folders named by class, FOLDER/CLASS/*.JPEG, as ImageNet is laid out: classes are numbered in the order of their names.
/// Pictures are decoded when their batch is near, by a few threads while the batch before it is in use; they are normalized with ImageNet's mean
/// and deviation. Order and augmentation are functions of (seed, epoch, index) alone.
/// </summary>
public sealed class ImageNetLoader : IBatches
{
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f];

    private static readonly float[][] Normalized =
        [.. Enumerable.Range(0, 3).Select(c => Enumerable.Range(0, 256).Select(v => (v / 255f - Mean[c]) / Std[c]).ToArray())];

    private readonly (string Path, long Label)[] pictures;
    private readonly bool train;
    private readonly long seed;
    private readonly Device? device;
    private readonly ParallelOptions parallel;

    /// <param name="folder">Holds a folder for each class.</param>
    /// <param name="batchSize">Photographs in a batch.</param>
    /// <param name="train">A new order every epoch, random parts made square, and flips; else shorter side 256 and the middle 224×224.</param>
    /// <param name="seed">Decides order and augmentation.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <param name="threads">That decode.</param>
    /// <param name="samples">Only so many, drawn at random; null: all.</param>
    /// <exception cref="UserError">The folder is no such data set.</exception>
    public ImageNetLoader(string folder, int batchSize, bool train = false, long seed = 0, Device? device = null, int threads = 4, int? samples = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (BatchSize, this.train, this.seed, this.device, parallel) = (batchSize, train, seed, device, new() { MaxDegreeOfParallelism = threads });
        ClassNames = Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : throw new UserError($"{folder}: there is no such folder; check the path");
        if (ClassNames.Count == 0) throw new UserError($"{folder}: there is no class; put JPEG pictures in {folder}/CLASS/");
        pictures = [.. ClassNames.SelectMany((name, label) => ImageFolder.Pictures(Path.Combine(folder, name)).Select(path => (path, (long)label)))];
        if (samples < pictures.Length) pictures = [.. SplitMix64.Permutation(pictures.Length, seed, 0)[..samples.Value].Order().Select(i => pictures[i])];
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
    }

    /// <summary>In the order of the labels.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => pictures.Length;

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int BatchesPerEpoch => train ? Count / BatchSize : (Count + BatchSize - 1) / BatchSize;

    /// <inheritdoc/>
    /// <exception cref="UserError">A picture cannot be read.</exception>
    public IEnumerable<Batch> Epoch(int epoch = 0, int firstBatch = 0, Shard shard = default)
    {
        int[] order = train ? SplitMix64.Permutation(Count, seed, epoch) : [.. Enumerable.Range(0, Count)];
        int[] Indices(int batch) => shard.Of(order[(batch * BatchSize)..Math.Min((batch + 1) * BatchSize, Count)]);
        Task<float[]>? Start(int batch) => batch < BatchesPerEpoch ? Task.Run(() => Decode(Indices(batch), epoch)) : null;

        var next = Start(firstBatch);
        for (int batch = firstBatch; next is not null; batch++)
        {
            var pixels = next.GetAwaiter().GetResult();
            next = Start(batch + 1);
            if (pixels.Length == 0) yield break;  // the last batch has fewer pictures than there are workers
            long[] labels = [.. Indices(batch).Select(index => pictures[index].Label)];
            var images = tensor(pixels, [labels.Length, ImageNetCrop.Side, ImageNetCrop.Side, 3], device: device).permute(0, 3, 1, 2);
            yield return new(images, tensor(labels, device: device));
        }
    }

    /// <summary>// [N, 224, 224, 3]</summary>
    private float[] Decode(int[] indices, int epoch)
    {
        const int Size = 3 * ImageNetCrop.Side * ImageNetCrop.Side;
        var batch = new float[indices.Length * Size];
        try
        {
            Parallel.For(0, indices.Length, parallel, i => Decode(indices[i], epoch, batch.AsSpan(i * Size, Size)));
        }
        catch (AggregateException errors)
        {
            throw errors.InnerExceptions[0] as UserError ?? (Exception)errors;
        }
        return batch;
    }

    private void Decode(int index, int epoch, Span<float> target)
    {
        var picture = TurboJpeg.Decode(pictures[index].Path);
        var random = SplitMix64.Of(seed, epoch, index);
        bool flip = train && random.Below(2) == 1;
        var rgb = (train ? ImageNetCrop.Random(picture, ref random) : ImageNetCrop.Centre(picture)).Rgb;
        const int Line = 3 * ImageNetCrop.Side;
        for (int i = 0; i < target.Length; i++)
        {
            int x = i % Line / 3, c = i % 3, column = flip ? ImageNetCrop.Side - 1 - x : x;
            target[i] = Normalized[c][rgb[i / Line * Line + 3 * column + c]];
        }
    }
}
