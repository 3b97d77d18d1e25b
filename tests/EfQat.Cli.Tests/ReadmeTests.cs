using System.Text.RegularExpressions;

namespace EfQat.Cli.Tests;

/// <summary>What the documents tell the reader to type, and the files they name, exist.</summary>
public sealed partial class ReadmeTests
{
    static readonly string Root = FindRoot();

    public static TheoryData<string> Commands => [.. Documents().SelectMany(text => Command().Matches(text)).Select(match => match.Groups[1].Value.Trim()).Distinct()];

    public static TheoryData<string> Files => [.. Documents().SelectMany(text => SourceFile().Matches(text)).Select(match => match.Groups[1].Value).Distinct()];

    [Theory, MemberData(nameof(Commands))]
    public void A_command_in_the_documents_parses(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is ["setup" or "build" or "test" or "help"])
            return;
        var arguments = words[0] == "efqat" ? words[1..] : words;
        Assert.True(words[0] is "efqat" or "reproduce" or "bench", $"build.sh has no command '{words[0]}'");
        Assert.Empty(CommandLine.Root().Parse(arguments).Errors);
    }

    [Theory, MemberData(nameof(Files))]
    public void A_file_in_the_documents_exists(string path) =>
        Assert.True(Path.Exists(Path.Combine(Root, path)) || Path.Exists(Path.Combine(Root, "src/LocalTorch", path)), path);

    static IEnumerable<string> Documents() =>
        new[] { "README.md", "environment.md", "data/README.md", "data/results/README.md" }.Select(name => File.ReadAllText(Path.Combine(Root, name)));

    /// <summary>"./build.sh …" to the end of a code span, of a line, or to a comment.</summary>
    [GeneratedRegex(@"\./build\.sh ([^`'#\n]+)")]
    private static partial Regex Command();

    [GeneratedRegex(@"`((?:src|tests|data|native)/[\w./-]+)`")]
    private static partial Regex SourceFile();

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "EfQat.Notebooks.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("the tests do not run inside the checkout");
        return folder.FullName;
    }
}
