using System.Diagnostics;
using System.Text.Json;

namespace EfQat.Jupyter.Language;

/// <summary>What a restored package brings.</summary>
/// <param name="Assemblies">Paths, its dependencies' included.</param>
/// <param name="Natives">File name to path.</param>
sealed record Package(IReadOnlyList<string> Assemblies, IReadOnlyDictionary<string, string> Natives);

/// <summary><c>#r "nuget: Name, Version"</c>: a project that references the package, restored by the SDK, tells which files are needed.</summary>
static class NuGetRestore
{
    /// <exception cref="UserError">There is no such package or version, or no SDK; with NuGet's own words.</exception>
    public static Package Run(string reference)
    {
        var parts = reference.Split(',', StringSplitOptions.TrimEntries);
        if (parts is not ([{ Length: > 0 }] or [{ Length: > 0 }, _])) throw new UserError($"#r \"nuget:{reference}\": write #r \"nuget: Name, Version\"");
        var folder = Directory.CreateTempSubdirectory("efqat-nuget-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "restore.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net{Environment.Version.Major}.0</TargetFramework></PropertyGroup>
                  <ItemGroup><PackageReference Include="{Escape(parts[0])}" Version="{Escape(parts.ElementAtOrDefault(1) ?? "*")}" /></ItemGroup>
                </Project>
                """);
            Restore(folder, reference);
            return Read(Path.Combine(folder, "obj", "project.assets.json"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Restore(string folder, string reference)
    {
        var start = new ProcessStartInfo("dotnet", ["restore", "--verbosity", "quiet", "-nodeReuse:false"])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0) return;
            var said = (output + errors.Result).Split('\n').FirstOrDefault(line => line.Contains("error")) ?? output;
            throw new UserError($"#r \"nuget:{reference}\": {said[(said.IndexOf("error", StringComparison.Ordinal) is var at and >= 0 ? at : 0)..].Trim()}");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true); // the cell was stopped
        }
    }

    static Package Read(string assets)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(assets));
        var root = document.RootElement;
        string[] folders = [.. root.GetProperty("packageFolders").EnumerateObject().Select(f => f.Name)];
        List<string> assemblies = [];
        Dictionary<string, string> natives = [];
        foreach (var library in root.GetProperty("targets").EnumerateObject().First().Value.EnumerateObject())
        {
            if (!root.GetProperty("libraries").GetProperty(library.Name).TryGetProperty("path", out var at)) continue;
            string Find(string file) => folders.Select(f => Path.Combine(f, at.GetString()!, file)).First(File.Exists);
            foreach (var file in Files(library.Value, "runtime"))
                if (!file.Name.EndsWith("/_._")) assemblies.Add(Find(file.Name));
            foreach (var file in Files(library.Value, "runtimeTargets"))
                if (file.Name.StartsWith("runtimes/linux-x64/native/")) natives[Path.GetFileName(file.Name)] = Find(file.Name);
        }
        return new(assemblies, natives);
    }

    static IEnumerable<JsonProperty> Files(JsonElement library, string kind) =>
        library.TryGetProperty(kind, out var files) ? files.EnumerateObject() : Enumerable.Empty<JsonProperty>();

    static string Escape(string text) => System.Security.SecurityElement.Escape(text);
}
