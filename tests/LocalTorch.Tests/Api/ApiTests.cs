using System.Text.RegularExpressions;

namespace LocalTorch.Tests.Api;

/// <summary>
/// What compiles against LocalTorch compiles against TorchSharp: torchsharp-0.107-api.txt lists the package's assembly, read by reflection,
/// and every visible member of LocalTorch stands in it, to the names of parameters and their defaults.
/// </summary>
public sealed partial class ApiTests
{
    /// <summary>Ours alone, as is the namespace LocalTorch; what derives from them must still look like TorchSharp's.</summary>
    private static readonly string[] Own =
    [
        "NativeOps", "NativeOps.Argument", "NativeLibraryInfo", "TorchMemory",
        "AdamOptions", "AdamState", "AdamGroup", "AdamFamily", "torch.optim.lr_scheduler.impl.ClosedForm",
    ];

    /// <summary>TorchSharp's returns the generator, which LocalTorch has no class for.</summary>
    private const string Seed = "static void manual_seed(long seed)";

    private static readonly Dictionary<string, (string Base, HashSet<string> Members)> Listing = Read();

    [SkippableFact]
    public void Every_visible_member_is_TorchSharps()
    {
#if !LOCAL_TORCH
        Skip.If(true, "this is TorchSharp itself");
#endif
        List<string> foreign = [];
        foreach (var type in typeof(torch).Assembly.GetExportedTypes().Where(type => !IsOwn(type)))
        {
            var known = Lineage(Key(Signature.Name(type))).ToHashSet();
            var members = Signature.Members(type).Concat(OwnBases(type).SelectMany(Signature.Members).Where(member => !member.Contains("new(")));
            foreign.AddRange(members.Where(member => member != Seed && !Accepted(member).Any(known.Contains)).Select(member => $"{Signature.Name(type)}: {member}"));
            if (!Listing.ContainsKey(Key(Signature.Name(type)))) foreign.Add($"{Signature.Name(type)}: no such type");
        }
        Assert.True(foreign.Count == 0, string.Join('\n', foreign));
    }

    /// <summary>What the package lacks may be named only where the compiler leaves it out with the package.</summary>
    [Fact]
    public void What_LocalTorch_adds_is_used_under_LOCAL_TORCH_alone()
    {
        var own = new Regex($@"\b({string.Join('|', Own.Where(name => !name.Contains('.')))})\b");
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "EfQat.Notebooks.sln"))) root = root.Parent!;
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(root.FullName, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/LocalTorch/") && !file.Contains("/obj/"))];
        Assert.Contains(files, file => own.IsMatch(File.ReadAllText(file)));
        Assert.DoesNotContain(files, file => own.IsMatch(UnderLocalTorch().Replace(File.ReadAllText(file), "")));
    }

    private static bool IsOwn(Type type) => type.Namespace == nameof(LocalTorch) || Own.Contains(Signature.Name(type).Split('<')[0]);

    private static IEnumerable<Type> OwnBases(Type type)
    {
        for (var other = type.BaseType; other is not null; other = other.BaseType)
            if (IsOwn(other)) yield return other;
    }

    /// <summary>What TorchSharp may have in a member's place without breaking its callers: more access, a setter, a field.</summary>
    private static IEnumerable<string> Accepted(string member)
    {
        string open = member.Replace("protected ", "");
        return new[] { member, open, open.Replace("{ get; }", "{ get; set; }"), open.Replace(" { get; }", "") };
    }

    /// <summary>The members of a type and of those it comes from.</summary>
    private static IEnumerable<string> Lineage(string key) =>
        Listing.TryGetValue(key, out var type) ? type.Members.Concat(Lineage(type.Base)) : [];

    private static Dictionary<string, (string Base, HashSet<string> Members)> Read()
    {
        var listing = new Dictionary<string, (string, HashSet<string>)>();
        HashSet<string> members = [];
        bool isEnum = false;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "torchsharp-0.107-api.txt")))
        {
            if (Header().Match(line) is { Success: true } header)
            {
                isEnum = header.Groups["kind"].Value == "enum";
                listing[Key(header.Groups["name"].Value)] = (Key(header.Groups["base"].Value), members = []);
            }
            else if (isEnum)
                members.UnionWith(line.Split(',', StringSplitOptions.TrimEntries));
            else
                members.UnionWith(Prefixes(Virtual().Replace(line.Trim(), "")));
        }
        return listing;
    }

    /// <summary>A member as it is and without its last optional parameters, which a caller may leave out.</summary>
    private static IEnumerable<string> Prefixes(string member)
    {
        yield return member;
        while (LastOptional().Match(member) is { Success: true } last)
            yield return member = member[..last.Index] + ")";
    }

    /// <summary>A type's name and how many type arguments it takes: their names do not matter.</summary>
    private static string Key(string name)
    {
        int open = name.IndexOf('<');
        if (open < 0) return name;
        int depth = 0;
        return $"{name[..open]}`{1 + name[open..].Count(c => (depth += c is '<' or '(' ? 1 : c is '>' or ')' ? -1 : 0) == 1 && c == ',')}{name[(name.LastIndexOf('>') + 1)..]}";
    }

    [GeneratedRegex(@"^(?:static |abstract )?(?<kind>class|struct|enum|interface) (?<name>.+?)(?: : (?<base>.*))?$")]
    private static partial Regex Header();

    [GeneratedRegex(@"^#if LOCAL_TORCH\r?$.*?^#(?:else|endif)\b", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex UnderLocalTorch();

    [GeneratedRegex(@"\b(?:virtual|abstract) ")]
    private static partial Regex Virtual();

    [GeneratedRegex(@"(?:, |(?<=\())[^,(]+ = [^,]*\)$")]
    private static partial Regex LastOptional();
}
