using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;

namespace EfQat.Jupyter.Language;

/// <summary>
/// Loads cells and what they reference. What this process has already, a cell gets too: one EfQat, one Tensor type.
/// </summary>
sealed class CellAssemblies : AssemblyLoadContext
{
    readonly Dictionary<string, Assembly> cells = [];
    readonly Dictionary<string, string> paths = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, string> natives = [];
    readonly Dictionary<string, DateTime> written = [];

    public CellAssemblies() : base("cells") => Unseen = [.. Imports.References.Select(Remember)];

    /// <summary>References that no cell was compiled with yet.</summary>
    public IReadOnlyList<MetadataReference> Unseen { get; set; }

    /// <summary>Adds what a <c>#r</c> names: a file, an assembly of the framework, or <c>nuget: Name, Version</c>.</summary>
    /// <exception cref="UserError">It is not there, or no .NET assembly; nothing was added.</exception>
    public void Reference(string name)
    {
        if (name.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase))
        {
            var package = NuGetRestore.Run(name["nuget:".Length..]);
            foreach (var (file, path) in package.Natives) natives[file] = path;
            foreach (var path in package.Assemblies) Add(path);
        }
        else
            Add(Imports.Platform.GetValueOrDefault(name) ?? Imports.Platform.GetValueOrDefault(Path.GetFileNameWithoutExtension(name)) ?? Path.GetFullPath(name));
    }

    public Assembly Load(MemoryStream image, MemoryStream symbols)
    {
        (image.Position, symbols.Position) = (0, 0);
        var assembly = LoadFromStream(image, symbols);
        return cells[assembly.GetName().Name!] = assembly;
    }

    protected override Assembly? Load(AssemblyName name) =>
        cells.GetValueOrDefault(name.Name!) ??
        (!Imports.Platform.ContainsKey(name.Name!) && paths.TryGetValue(name.Name!, out var path) ? LoadFromAssemblyPath(path) : null);

    protected override nint LoadUnmanagedDll(string name) =>
        new[] { name, $"lib{name}.so", $"{name}.so" }.Select(natives.GetValueOrDefault).FirstOrDefault(path => path is not null) is { } found
            ? LoadUnmanagedDllFromPath(found) : 0;

    void Add(string path)
    {
        if (!File.Exists(path)) throw new UserError($"#r \"{path}\": no such file, and no assembly of .NET; check the path");
        if (written.TryGetValue(path, out var before))
        {
            if (File.GetLastWriteTimeUtc(path) != before) throw new UserError($"#r \"{path}\": the file has changed since it was loaded; restart the kernel to use the new one");
            return;
        }
        try
        {
            var name = AssemblyName.GetAssemblyName(path).Name!;
            if (paths.ContainsKey(name)) return;
        }
        catch (BadImageFormatException)
        {
            throw new UserError($"#r \"{path}\": not a .NET assembly");
        }
        Unseen = [.. Unseen, Remember(path)];
    }

    MetadataReference Remember(string path)
    {
        paths[Path.GetFileNameWithoutExtension(path)] = path;
        written[path] = File.GetLastWriteTimeUtc(path);
        return MetadataReference.CreateFromFile(path, documentation: Documentation.For(path));
    }
}
