using EfQat.Display;
using EfQat.Jupyter.Monitors;

namespace EfQat.Jupyter.Language;

/// <summary>What a cell can use from the start.</summary>
static class Imports
{
    static readonly string[] Framework =
    [
        "System.Private.CoreLib", "System.Runtime", "System.Private.Uri", "System.Collections", "System.Collections.Concurrent",
        "System.Collections.Immutable", "System.ComponentModel.Primitives", "System.Console", "System.Diagnostics.Process",
        "System.IO.Compression", "System.Linq", "System.Linq.Expressions", "System.Memory", "System.Net.Http", "System.Net.Primitives",
        "System.Numerics.Tensors", "System.ObjectModel", "System.Runtime.InteropServices", "System.Runtime.Numerics", "System.Text.Json",
        "System.Text.RegularExpressions", "System.Threading", "System.Threading.Channels", "System.Threading.Tasks.Parallel", "netstandard",
    ];

    /// <summary>Every assembly this process could load by name: name to path.</summary>
    public static readonly IReadOnlyDictionary<string, string> Platform =
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .DistinctBy(Path.GetFileName).ToDictionary(path => Path.GetFileNameWithoutExtension(path)!, StringComparer.OrdinalIgnoreCase);

    /// <summary>The assemblies behind <see cref="Namespaces"/>; each costs memory and the first cell's time.</summary>
    public static IEnumerable<string> References =>
        Framework.Where(Platform.ContainsKey).Select(name => Platform[name])
        .Concat(Own);

    /// <summary>This repository's assemblies among them.</summary>
    public static IEnumerable<string> Own => new[] { typeof(UserError), typeof(Notebook), typeof(LiveTraining), typeof(torch) }.Select(type => type.Assembly.Location);

    /// <summary>Namespaces, and the types whose members need no prefix.</summary>
    public static readonly string[] Namespaces =
    [
        "System", "System.Collections.Generic", "System.Diagnostics", "System.IO", "System.Linq", "System.Text", "System.Threading",
        "System.Threading.Tasks", "EfQat", "EfQat.Backward", "EfQat.Datasets", "EfQat.Diagnosis", "EfQat.Display", "EfQat.Display.Claim",
        "EfQat.Display.Notebook", "EfQat.Importance", "EfQat.Jupyter.Monitors", "EfQat.Models", "EfQat.Quantization", "EfQat.Training",
        "Microsoft.Data.Analysis", "TorchSharp", "TorchSharp.torch",
    ];
}
