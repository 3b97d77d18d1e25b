using System.Diagnostics;
using System.Runtime.InteropServices;
using EfQat.Display;
using EfQat.Jupyter.Language;

namespace EfQat.Jupyter.Magics;

/// <summary>The commands a cell may hold on lines of their own.</summary>
sealed class MagicCommands(IReadOnlyDictionary<string, ILanguage> languages)
{
    readonly record struct Row(string Name, string Type, string Value);

    /// <summary>What <c>#!lsmagic</c> lists.</summary>
    public static readonly IReadOnlyDictionary<string, string> Help = new SortedDictionary<string, string>
    {
        ["about"] = "what runs here: versions and process",
        ["lsmagic"] = "this list",
        ["share"] = "#!share NAME --from LANGUAGE: copy a variable from another language into C#, or --to LANGUAGE",
        ["time"] = "show how long the cell took",
        ["who"] = "names of the variables",
        ["whos"] = "variables with types and values",
    };

    /// <summary>Runs a command; <c>#!time</c> is the session's own.</summary>
    /// <exception cref="UserError">There is no such command, or its arguments are wrong.</exception>
    public void Run(CellPart.Command command)
    {
        switch (command.Name)
        {
            case "about":
                Notebook.display(About());
                break;
            case "lsmagic":
                Notebook.display(ResultTable.Of(Help).Column("Command", c => $"#!{c.Key}").Column("What", c => c.Value));
                break;
            case "share":
                Share(command.Arguments, command.Language);
                break;
            case "who":
                Notebook.display(string.Join("  ", languages.Values.SelectMany(l => l.Variables).Select(v => v.Name)), "text/plain");
                break;
            case "whos":
                Notebook.display(ResultTable.Of(languages.Values.SelectMany(l => l.Variables))
                    .Column("Name", v => v.Name).Column("Type", v => TypeName.Short(v.Type)).Column("Value", v => Shorten(Formatter.Format(v.Value)["text/plain"])));
                break;
            default:
                throw new UserError($"#!{command.Name}: no such command or language; #!lsmagic lists the commands, the languages are {string.Join(", ", languages.Keys)}");
        }
    }

    void Share(string[] arguments, string language)
    {
        var (name, from, to) = arguments switch
        {
            [var n, "--from", var source] => (n, source, language),
            ["--from", var source, var n] => (n, source, language),
            [var n, "--to", var target] => (n, language, target),
            _ => throw new UserError("#!share: write #!share NAME --from LANGUAGE"),
        };
        var variable = Find(from).Variables.LastOrDefault(v => v.Name == name) ?? throw new UserError($"#!share: {from} has no variable {name}; #!who lists them");
        Find(to).Set(name, variable.Value);
    }

    ILanguage Find(string name) =>
        languages.GetValueOrDefault(name) ?? throw new UserError($"#!share: no language {name}; there are {string.Join(", ", languages.Keys)}");

    static ResultTable<KeyValuePair<string, string>> About() => ResultTable.Of(new Dictionary<string, string>
    {
        ["EfQat"] = typeof(MagicCommands).Assembly.GetName().Version!.ToString(3),
        ["Runtime"] = RuntimeInformation.FrameworkDescription,
        ["System"] = RuntimeInformation.OSDescription,
        ["Process"] = $"{Environment.ProcessId}, {Process.GetCurrentProcess().WorkingSet64 / 1e6:0} MB",
        ["Folder"] = Environment.CurrentDirectory,
    }).Column("Part", p => p.Key).Column("Value", p => p.Value);

    static string Shorten(string? text) => text is { Length: > 80 } ? text[..79] + "…" : text ?? "";
}
