namespace EfQat.Tests;

/// <summary>Real data beside the checkout; tests skip where it is absent.</summary>
static class TestData
{
    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("EFQAT_DATA") is { Length: > 0 } folder ? folder : Path.Combine(Root(), "..", "shared", "data");

    /// <summary>Frees what earlier tests left to the garbage collector, before live tensors are counted.</summary>
    public static void Forget()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EfQat.Notebooks.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}
