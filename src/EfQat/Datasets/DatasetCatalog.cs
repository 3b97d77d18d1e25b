namespace EfQat.Datasets;

/// <summary>A line of <c>efqat data list</c>.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Title">What results call it.</param>
/// <param name="Folder">Where it was found, or null.</param>
/// <param name="HowToGet">What to do where it was not.</param>
/// <param name="TrainImages">Pictures of the complete training split.</param>
/// <param name="TestImages">Pictures of the complete test split.</param>
/// <param name="Licence">Of the data.</param>
/// <param name="Caveat">What to know before quoting a result.</param>
public sealed record DatasetInfo(string Name, string Title, string? Folder, string HowToGet, int TrainImages, int TestImages, string Licence, string Caveat);

/// <summary>Finds, reads and fetches data sets.</summary>
public static class DatasetCatalog
{
    /// <summary>Where <see cref="Fetch"/> puts data: efqat in XDG_DATA_HOME, else ~/.local/share/efqat.</summary>
    public static string UserFolder => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "efqat");

    /// <summary>Every known data set and where it is.</summary>
    public static IReadOnlyList<DatasetInfo> List() =>
        [.. Manifest.Entries.Select(e => new DatasetInfo(e.Name, e.Title, Find(e), e.HowToGet, e.TrainImages, e.TestImages, e.Licence, e.Caveat))];

    /// <summary>Reads one split into memory; published files are checked against their sha256.</summary>
    /// <param name="name">A name of the manifest: "fashion-mnist", "cifar10", "cifar10-jpeg".</param>
    /// <param name="split">"train" or "test".</param>
    /// <param name="folder">The data set's folder; searched for where null: EFQAT_DATA (a path list), /usr/share/datasets, <see cref="UserFolder"/>.</param>
    /// <param name="progress">Told the share done, 0..1, where reading takes seconds.</param>
    /// <exception cref="UserError">Not found, or not what was published; the message says what to do.</exception>
    public static ImageDataset Load(string name, string split, string? folder = null, IProgress<double>? progress = null)
    {
        if (split is not ("train" or "test"))
            throw new UserError($"split '{split}' is unknown; choose train or test");
        var entry = Manifest.Find(name);
        if (folder is null)
            folder = Find(entry) ?? throw new UserError($"data set '{name}' not found; {entry.HowToGet}; or name its folder in EFQAT_DATA");
        else if (!Holds(entry, folder))
            throw new UserError($"{folder}: no complete {entry.Title} here (format {entry.Format}); {entry.HowToGet}");

        if (entry.Format == "idx")
            return FashionMnist.Load(split, folder);
        var (pixels, labels) = entry.Format switch
        {
            "cifar" => CifarBinary.ReadSplit(folder, split),
            _ => ImageFolder.ReadSplit(folder, split, entry.Classes, progress),
        };
        var classes = entry.Format == "cifar" ? CifarBinary.ReadClassNames(folder) ?? entry.Classes : entry.Classes;
        var complete = labels.Length == (split == "train" ? entry.TrainImages : entry.TestImages);
        var title = complete ? entry.Title : $"{entry.Title} (subset of {labels.Length} images)";
        return new(title, split, pixels, labels, entry.Mean.Length, 32, 32, classes, entry.Mean, entry.Std);
    }

    /// <summary>Downloads a data set into <see cref="UserFolder"/> and returns its folder; every file is checked before it appears.</summary>
    /// <param name="name">A name of the manifest.</param>
    /// <param name="progress">Told the share done, 0..1.</param>
    /// <param name="cancellation">Stops the download and leaves nothing behind.</param>
    /// <exception cref="UserError">Nothing to download, no network, or a wrong checksum.</exception>
    public static string Fetch(string name, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var entry = Manifest.Find(name);
        if (entry.Files.Length == 0)
            throw new UserError($"data set '{name}' cannot be downloaded; {entry.HowToGet}");
        return Download.Fetch(entry, Path.Combine(UserFolder, entry.Folders[0]), progress, cancellation);
    }

    static string? Find(DatasetEntry entry) => Roots()
        .SelectMany(root => entry.Folders.Select(name => Path.Combine(root, name)).Prepend(root))
        .FirstOrDefault(folder => Holds(entry, folder));

    static IEnumerable<string> Roots() =>
    [
        .. (Environment.GetEnvironmentVariable("EFQAT_DATA") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        "/usr/share/datasets",
        UserFolder,
    ];

    static bool Holds(DatasetEntry entry, string folder) => Directory.Exists(folder) && entry.Format switch
    {
        "idx" => entry.Files.All(file => File.Exists(Path.Combine(folder, file.Name))),
        "cifar" => CifarBinary.Files(folder, "train").Length > 0 && CifarBinary.Files(folder, "test").Length > 0,
        _ => entry.Classes.All(name => Directory.Exists(Path.Combine(folder, "train", name)) && Directory.Exists(Path.Combine(folder, "test", name))),
    };
}
