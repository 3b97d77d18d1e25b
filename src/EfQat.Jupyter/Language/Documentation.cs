using System.Globalization;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace EfQat.Jupyter.Language;

/// <summary>The XML documentation of an assembly, read when first asked for.</summary>
sealed class Documentation : DocumentationProvider
{
    static readonly string? Pack = FindPack();
    readonly string file;
    readonly Lazy<Dictionary<string, string>> members;

    Documentation(string file)
    {
        this.file = file;
        members = new(() => XDocument.Load(file).Descendants("member").ToLookup(m => (string)m.Attribute("name")!).ToDictionary(m => m.Key, m => m.First().ToString()));
    }

    /// <summary>The file beside the assembly or, for the framework, in the SDK's reference pack; null where there is none.</summary>
    public static DocumentationProvider? For(string assembly)
    {
        var name = Path.GetFileNameWithoutExtension(assembly);
        string[] places = [Path.ChangeExtension(assembly, ".xml"), Path.Combine(Pack ?? "", (name == "System.Private.CoreLib" ? "System.Runtime" : name) + ".xml")];
        return places.FirstOrDefault(File.Exists) is { } found ? new Documentation(found) : null;
    }

    public override bool Equals(object? other) => other is Documentation that && that.file == file;

    public override int GetHashCode() => file.GetHashCode();

    protected override string GetDocumentationForSymbol(string id, CultureInfo culture, CancellationToken cancellation) =>
        members.Value.GetValueOrDefault(id, "");

    /// <summary>…/dotnet/packs/Microsoft.NETCore.App.Ref/10.0.x/ref/net10.0.</summary>
    static string? FindPack()
    {
        var packs = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref");
        if (!Directory.Exists(packs)) return null;
        var framework = $"net{Environment.Version.Major}.0";
        return Directory.EnumerateDirectories(packs).Select(version => Path.Combine(version, "ref", framework)).LastOrDefault(Directory.Exists);
    }
}
