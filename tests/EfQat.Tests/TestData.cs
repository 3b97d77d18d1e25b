namespace EfQat.Tests;

/// <summary>Real data beside the checkout; tests skip where it is absent.</summary>
static class TestData
{
    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("EFQAT_DATA") is { Length: > 0 } folder ? folder : Path.Combine(Root(), "..", "shared", "data");

    /// <summary>Those in use, without what earlier tests left to the garbage collector, as far as it finds it now: a count may fall later, but not rise.</summary>
    public static long LiveTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EfQat.Notebooks.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}
