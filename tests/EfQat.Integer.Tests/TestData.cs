namespace EfQat.Integer.Tests;

/// <summary>Real data beside the checkout; tests skip where it is absent.</summary>
static class TestData
{
    public static string Root { get; } = FindRoot();

    static string Folder { get; } =
        Environment.GetEnvironmentVariable("EFQAT_DATA") is { Length: > 0 } folder ? folder : Path.Combine(Root, "..", "shared", "data");

    /// <summary>The path of a file, or a skip that says which is missing.</summary>
    public static string File(params string[] parts)
    {
        string path = Path.Combine([Folder, .. parts]);
        Skip.IfNot(System.IO.File.Exists(path), $"{path} is not there; EFQAT_DATA may name its folder");
        return path;
    }

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(folder!.FullName, "EfQat.Notebooks.sln"))) folder = folder.Parent;
        return folder.FullName;
    }
}
