namespace EfQat.Datasets;

/// <summary>Pictures in folders named by split and class: SPLIT/CLASS/*.jpg, each 32×32.</summary>
static class ImageFolder
{
    const int Side = 32, Pixels = 3 * Side * Side;

    /// <summary>Pictures [N, 3, 32, 32] and labels [N], ordered by class and file name; decoded on all cores.</summary>
    public static (byte[] Pixels, byte[] Labels) ReadSplit(string folder, string split, string[] classes, IProgress<double>? progress)
    {
        var files = classes.SelectMany((name, label) => Pictures(Path.Combine(folder, split, name)).Select(path => (Path: path, Label: (byte)label))).ToArray();
        var pixels = new byte[files.Length * Pixels]; // [N, 3, 32, 32]
        var done = 0;
        try
        {
            Parallel.For(0, files.Length, i =>
            {
                TurboJpeg.Decode(files[i].Path, Side, pixels.AsSpan(i * Pixels, Pixels));
                if (Interlocked.Increment(ref done) is var n && n % 1000 == 0)
                    progress?.Report((double)n / files.Length);
            });
        }
        catch (AggregateException errors)
        {
            throw errors.InnerExceptions[0] as UserError ?? (Exception)errors;
        }
        return (pixels, [.. files.Select(file => file.Label)]);
    }

    static string[] Pictures(string folder)
    {
        var files = Directory.GetFiles(folder);
        Array.Sort(files, StringComparer.Ordinal);
        if (files.Length == 0)
            throw new UserError($"{folder}: no pictures; put the class's JPEG files there");
        return files.FirstOrDefault(path => Path.GetExtension(path).ToLowerInvariant() is not (".jpg" or ".jpeg")) is { } other
            ? throw new UserError($"{other}: only JPEG pictures (.jpg, .jpeg) are read; convert or remove the file")
            : files;
    }
}
