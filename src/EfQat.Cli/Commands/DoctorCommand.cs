using EfQat.Diagnosis;
using EfQat.Display;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat doctor</c>: what is here, what is missing, and what to do about it.</summary>
static class DoctorCommand
{
    public static ExampleCommand Create()
    {
        var command = new ExampleCommand(
            "doctor", "Say what this machine offers and what is missing; fails where something essential is",
            "efqat doctor", "efqat doctor --json")
        {
            RunOptions.JsonOption,
        };
        return command.Does((parsed, _) =>
        {
            Finding[] findings = [.. Doctor.Examine(), new("plotly.js", $"{Plotly.Version}, embedded")];
            Terminal.Write(parsed, ResultTable.Of(findings)
                .Column("Part", f => f.Part)
                .Column("Status", f => f.Status.ToString().ToLowerInvariant())
                .Column("Found", f => f.Remedy is null ? f.Found : $"{f.Found}\n→ {f.Remedy}"));
            return findings.Any(f => f.Status == Status.Missing) ? CommandLine.Failed : CommandLine.Ok;
        });
    }
}
