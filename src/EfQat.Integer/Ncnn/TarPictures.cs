using System.Formats.Tar;
using EfQat.Datasets;

namespace EfQat.Integer.Ncnn;

/// <summary>
/// JPEG pictures of a tar archive, FOLDER/CLASS/NAME.JPEG, classes numbered in the order of their names; the middle of each as Caffe's networks take it:
/// blue, green, red, minus the mean of ImageNet, 0 to 255.
/// </summary>
public sealed class TarPictures : IBatches
{
    private const int Channels = 3;
    private static readonly float[] MeanBgr = [104, 117, 123];

    private readonly (string Path, byte[] Jpeg, long Label)[] pictures;
    private readonly int side;

    /// <param name="path">The archive; it is read into memory, still compressed.</param>
    /// <param name="side">Pixels of the square to take.</param>
    /// <param name="batchSize">Pictures in a batch.</param>
    /// <param name="count">Take so many, spread evenly over the archive; null: all.</param>
    /// <exception cref="UserError">The file is missing, damaged, or holds no such pictures.</exception>
    public TarPictures(string path, int side, int batchSize, int? count = null)
    {
        (this.side, BatchSize, Name) = (side, batchSize, Path.GetFileNameWithoutExtension(path));
        var all = Read(path);
        string[] classes = [.. all.Select(picture => Class(picture.Path)).Distinct().Order(StringComparer.Ordinal)];
        if (all.Count == 0 || count > all.Count || count < 1)
            throw new UserError($"{path}: holds {all.Count} JPEG pictures in CLASS/NAME.JPEG, {count ?? 1} are asked for");
        pictures = [.. Spread(count ?? all.Count, all.Count).Select(i => all[i])
            .Select(picture => (picture.Path, picture.Jpeg, (long)Array.IndexOf(classes, Class(picture.Path))))];
    }

    private TarPictures(TarPictures all, IEnumerable<int> indices) =>
        (side, BatchSize, Name, pictures) = (all.side, all.BatchSize, all.Name, [.. indices.Select(i => all.pictures[i])]);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => pictures.Length;

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int BatchesPerEpoch => (Count + BatchSize - 1) / BatchSize;

    /// <summary>So many indices of all, spread evenly.</summary>
    public static IEnumerable<int> Spread(int count, int all) => Enumerable.Range(0, count).Select(i => (int)((long)i * all / count));

    /// <summary>Some of them, in this order, with the labels that they have here.</summary>
    public TarPictures Subset(IEnumerable<int> indices) => new(this, indices);

    /// <inheritdoc/>
    /// <exception cref="UserError">A picture cannot be read, or is smaller than the square.</exception>
    public IEnumerable<Batch> Epoch(int epoch = 0, int firstBatch = 0, Shard shard = default)
    {
        foreach (var batch in pictures.Chunk(BatchSize).Skip(firstBatch).Select(shard.Of).Where(share => share.Length > 0))
        {
            var pixels = new float[batch.Length * side * side * Channels];
            for (int i = 0; i < batch.Length; i++) Centre(batch[i].Path, batch[i].Jpeg, pixels.AsSpan(i * side * side * Channels));
            yield return new(
                tensor(pixels, [batch.Length, side, side, Channels]).permute(0, 3, 1, 2), tensor(batch.Select(picture => picture.Label).ToArray()));
        }
    }

    private void Centre(string path, byte[] jpeg, Span<float> target)
    {
        var (rgb, width, height) = TurboJpeg.Decode(path, jpeg);
        if (Math.Min(width, height) < side) throw new UserError($"{path}: {width}×{height} pixels, and {side}×{side} are needed");
        int left = (width - side) / 2, top = (height - side) / 2;
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
                for (int c = 0; c < Channels; c++)
                    target[(y * side + x) * Channels + c] = rgb[((top + y) * width + left + x) * Channels + Channels - 1 - c] - MeanBgr[c];
    }

    private static string Class(string path) => Path.GetFileName(Path.GetDirectoryName(path))!;

    private static List<(string Path, byte[] Jpeg)> Read(string path)
    {
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; check the path");
        List<(string, byte[])> pictures = [];
        try
        {
            using var archive = new TarReader(File.OpenRead(path));
            while (archive.GetNextEntry() is { } entry)
            {
                if (entry.DataStream is null || !entry.Name.EndsWith(".jpeg", StringComparison.OrdinalIgnoreCase)) continue;
                var jpeg = new byte[entry.Length];
                entry.DataStream.ReadExactly(jpeg);
                pictures.Add((entry.Name, jpeg));
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException)
        {
            throw new UserError($"{path}: no readable tar archive ({problem.Message}); the file is truncated or of another kind");
        }
        return pictures;
    }
}
