using System.CommandLine;

namespace EfQat.Cli.Tests;

public sealed class CommandLineTests
{
    static IEnumerable<(string Path, Command Command)> Tree(Command command, string path) =>
        command.Subcommands.SelectMany(sub => Tree(sub, $"{path} {sub.Name}".Trim())).Prepend((path, command));

    /// <summary>Every command there is, so that a new one is tested without a new test.</summary>
    public static TheoryData<string> Commands => [.. Tree(CommandLine.Root(), "").Select(node => node.Path)];

    static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [Theory, MemberData(nameof(Commands))]
    public async Task Help_describes_every_command(string path)
    {
        var (code, output, error) = await Shell.Run([.. Words(path), "--help"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"  efqat {path}".TrimEnd(), output);
        Assert.Contains("Usage:", output);
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task A_command_that_does_something_has_examples_that_parse(string path)
    {
        var command = Tree(CommandLine.Root(), "").Single(node => node.Path == path).Command;
        if (command.Subcommands.Count > 0)
            return;
        var examples = Assert.IsType<ExampleCommand>(command).Examples;
        Assert.NotEmpty(examples);
        var help = (await Shell.Run([.. Words(path), "--help"])).Output;
        foreach (var example in examples)
        {
            Assert.Contains($"  {example}{Environment.NewLine}", help);
            var parsed = CommandLine.Root().Parse(Words(example)[1..]);
            Assert.Empty(parsed.Errors);
            Assert.Equal(command.Name, parsed.CommandResult.Command.Name);
        }
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task An_unknown_option_is_a_usage_error(string path)
    {
        var (code, output, error) = await Shell.Run([.. Words(path), "--no-such-option"]);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("error: ", error);
        Assert.Contains($"usage: efqat {path}".TrimEnd() + " --help", error);
    }

    [Theory]
    [InlineData()]
    [InlineData("no-such-command")]
    public async Task A_missing_or_unknown_command_is_a_usage_error(params string[] args) =>
        Assert.Equal(2, (await Shell.Run(args)).ExitCode);
}
