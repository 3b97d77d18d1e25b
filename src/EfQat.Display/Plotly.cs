using System.Text.RegularExpressions;

namespace EfQat.Display;

/// <summary>plotly.js, embedded in this assembly at build: pages need no network.</summary>
public static partial class Plotly
{
    static readonly Lazy<string> Bundle = new(() => Resource("plotly.min.js"));

    /// <summary>The source of the cartesian bundle of plotly.js.</summary>
    public static string Script => Bundle.Value;

    /// <summary>The bundle's version, as its own banner states it.</summary>
    public static string Version => Banner().Match(Script).Groups[1].Value;

    internal static string Resource(string name)
    {
        using var stream = typeof(Plotly).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is missing from EfQat.Display.dll; build EfQat.Display again");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"plotly\.js \([^)]*\) v([\d.]+)")]
    private static partial Regex Banner();
}
