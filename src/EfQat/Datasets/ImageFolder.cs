namespace EfQat.Datasets;

/// <summary>Pictures in folders named by split and class: SPLIT/CLASS/*.jpg, each 32×32.</summary>
static class ImageFolder
{
    const int Side = 32, Pixels = 3 * Side * Side, MostClasses = 256;

    /// <summary>A folder that the manifest does not know: its classes are the folders in train/, which test/ must have too.</summary>
    /// <exception cref="UserError">It is no such folder.</exception>
    public static DatasetEntry Describe(string folder)
    {
        string[] Classes(string split) => Path.Combine(folder, split) is var path && Directory.Exists(path)
            ? [.. Directory.GetDirectories(path).Select(name => Path.GetFileName(name)).Order(StringComparer.Ordinal)]
            : [];
        var classes = Classes("train");
        if (classes.Length is 0 or > MostClasses || !classes.SequenceEqual(Classes("test")))
            throw new UserError($"{folder}: no data set; put 32×32 JPEG pictures in train/CLASS/ and test/CLASS/, for the same 1 to {MostClasses} classes");
        var name = new DirectoryInfo(folder).Name;
        return new(
            name, name, "jpeg", Count(folder, "train", classes), Count(folder, "test", classes), [0.5f, 0.5f, 0.5f], [0.25f, 0.25f, 0.25f],
            classes, [], [], "", "", folder, "Normalized with mean 0.5 and deviation 0.25.");
    }

    /// <summary>Pictures of a split.</summary>
    public static int Count(string folder, string split, string[] classes) =>
        classes.Sum(name => Directory.GetFiles(Path.Combine(folder, split, name)).Length);

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

    /// <summary>The JPEG files of a class, ordered by name.</summary>
    public static string[] Pictures(string folder)
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
