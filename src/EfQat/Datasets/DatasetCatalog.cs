namespace EfQat.Datasets;

/// <summary>A line of <c>efqat data list</c>.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Title">What results call it.</param>
/// <param name="Folder">Where it was found, or null.</param>
/// <param name="HowToGet">What to do where it was not.</param>
/// <param name="TrainImages">Pictures of the training split: those found, else those published.</param>
/// <param name="TestImages">Likewise.</param>
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
    public static IReadOnlyList<DatasetInfo> List() => [.. Manifest.Entries.Select(entry =>
    {
        var folder = Find(entry);
        int Images(string split) => folder is null ? Published(entry, split) : Count(entry, folder, split);
        return new DatasetInfo(entry.Name, entry.Title, folder, entry.HowToGet, Images("train"), Images("test"), entry.Licence, entry.Caveat);
    })];

    /// <summary>Reads one split into memory; published files are checked against their sha256.</summary>
    /// <param name="name">
    /// A name of the manifest ("fashion-mnist", "cifar10", "cifar10-jpeg"), or a folder: its path, or its name where data is searched for.
    /// </param>
    /// <param name="split">"train" or "test".</param>
    /// <param name="folder">The data set's folder; searched for where null: EFQAT_DATA (a path list), /usr/share/datasets, <see cref="UserFolder"/>.</param>
    /// <param name="progress">Told the share done, 0..1, where reading takes seconds.</param>
    /// <exception cref="UserError">Not found, or not what was published; the message says what to do.</exception>
    public static ImageDataset Load(string name, string split, string? folder = null, IProgress<double>? progress = null)
    {
        if (split is not ("train" or "test"))
            throw new UserError($"split '{split}' is unknown; choose train or test");
        (var entry, folder) = Locate(name, folder);
        var (pixels, labels) = entry.Format switch
        {
            "idx" => FashionMnist.ReadSplit(folder, split, entry.Files),
            "cifar" => CifarBinary.ReadSplit(folder, split),
            _ => ImageFolder.ReadSplit(folder, split, entry.Classes, progress),
        };
        var classes = entry.Format == "cifar" ? CifarBinary.ReadClassNames(folder) ?? entry.Classes : entry.Classes;
        var title = labels.Length == Published(entry, split) ? entry.Title : $"{entry.Title} (subset of {labels.Length} images)";
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

    /// <summary>A folder of data, by its path or by its name where data is searched for; null where there is none.</summary>
    public static string? Folder(string name) =>
        Roots().Select(root => Path.Combine(root, name)).Prepend(name).FirstOrDefault(Directory.Exists);

    static (DatasetEntry Entry, string Folder) Locate(string name, string? folder)
    {
        if (Manifest.Entries.FirstOrDefault(entry => entry.Name == name) is not { } known)
        {
            folder = Folder(name) ?? throw Manifest.Unknown(name);
            return (Manifest.Entries.FirstOrDefault(entry => Holds(entry, folder)) ?? ImageFolder.Describe(folder), folder);
        }
        if (folder is null)
            return (known, Find(known) ?? throw new UserError($"data set '{name}' not found; {known.HowToGet}; or name its folder in EFQAT_DATA"));
        return Holds(known, folder)
            ? (known, folder)
            : throw new UserError($"{folder}: no complete {known.Title} here (format {known.Format}); {known.HowToGet}");
    }

    static int Published(DatasetEntry entry, string split) => split == "train" ? entry.TrainImages : entry.TestImages;

    static int Count(DatasetEntry entry, string folder, string split) => entry.Format switch
    {
        "idx" => Published(entry, split), // other files are refused
        "cifar" => CifarBinary.Count(folder, split),
        _ => ImageFolder.Count(folder, split, entry.Classes),
    };

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
