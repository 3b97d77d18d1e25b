using System.CommandLine;
using EfQat.Cli.Runs;
using EfQat.Display;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat runs</c>: what was trained, and what two runs differ in.</summary>
static class RunsCommand
{
    const string DefaultFolder = "runs";

    /// <summary>One run.</summary>
    /// <param name="Run">Its folder.</param>
    /// <param name="Record">What it holds.</param>
    sealed record Row(string Run, RunRecord Record);

    /// <summary>A setting or a result, of each run.</summary>
    /// <param name="Field">Which.</param>
    /// <param name="Values">In the order of the runs; null where a run has none.</param>
    sealed record Difference(string Field, IReadOnlyList<string?> Values);

    public static Command Create() => new("runs", "Show the records of training runs") { List(), Compare() };

    static ExampleCommand List()
    {
        var folder = new Argument<string>("DIR") { Description = "Search below it", DefaultValueFactory = _ => DefaultFolder }.RefusingOptions();
        return new ExampleCommand("list", "Every run below a folder: settings, state, accuracy, time", "efqat runs list", "efqat runs list /data/runs --json runs.json")
        {
            folder, RunOptions.JsonOption,
        }.Does((parsed, _) =>
        {
            string below = parsed.GetValue(folder)!;
            if (!Directory.Exists(below)) throw new UserError($"{below}: there is no such folder; 'efqat train --out DIR' makes one with a record");
            var rows = RunRecord.Folders(below).SelectMany(run => Read(run, parsed)).OrderBy(row => row.Record.Started).ToArray();
            Func<Row, string?> Setting(string name) => row => row.Record.Settings.GetValueOrDefault(name);
            Terminal.Write(parsed, ResultTable.Of(rows)
                .Column("Run", r => r.Run)
                .Column("Started", r => $"{r.Record.Started:yyyy-MM-dd HH:mm}")
                .Column("State", r => $"{r.Record.State}".ToLowerInvariant())
                .Column("Model", Setting("model"))
                .Column("Data", Setting("data"))
                .Column("Scheme", Setting("scheme"))
                .Column("Mode", Setting("mode"))
                .Column("Ratio", Setting("ratio"))
                .Column("Seed", Setting("seed"))
                .Column("Epochs", r => r.Record.Epochs.Count)
                .Column("Top-1", r => r.Record.Top1, "%", "0.00")
                .Column("Time", r => r.Record.Seconds, "s", "0"));
            return CommandLine.Ok;
        });
    }

    static ExampleCommand Compare()
    {
        var runs = new Argument<string[]>("RUN") { Description = "Folders of two or more runs", Arity = new(2, 100) }.RefusingOptions();
        var report = new Option<string?>("--out") { Description = "Write a page with their curves", HelpName = "FILE.html" };
        return new ExampleCommand(
            "compare", "What runs differ in, and what came of them", "efqat runs compare runs/qat runs/efqat", "efqat runs compare runs/fp32 runs/qat runs/efqat --out runs.html")
        {
            runs, report, RunOptions.JsonOption,
        }.Does((parsed, _) =>
        {
            Row[] rows = [.. parsed.GetValue(runs)!.Select(run => new Row(run, RunRecord.Load(run)))];
            var table = ResultTable.Of(Differences(rows)).Column("", difference => difference.Field);
            for (int i = 0; i < rows.Length; i++)
            {
                int run = i;
                table.Column(rows[i].Run, difference => difference.Values[run] ?? "–");
            }
            Terminal.Write(parsed, table);
            if (parsed.GetValue(report) is { } page)
            {
                new Report("Training runs").Lead(string.Join(", ", rows.Select(row => row.Run))).Table(table)
                    .Chart(Curves(rows, "Top-1 on the test set", "%", epoch => epoch.TestTop1), "After each epoch.")
                    .Chart(Curves(rows, "Training loss", null, epoch => epoch.Loss), "Mean over each epoch.")
                    .OnThisMachine().Save(page);
                Terminal.Note(parsed, $"report: {page}");
            }
            return CommandLine.Ok;
        });
    }

    /// <summary>Settings and versions that are not the same in all, then the results.</summary>
    static IEnumerable<Difference> Differences(Row[] rows)
    {
        Difference Of(string field, Func<RunRecord, object?> value) =>
            new(field, [.. rows.Select(row => value(row.Record) is { } found ? FormattableString.Invariant($"{found}") : null)]);
        var settings = rows.SelectMany(row => row.Record.Settings.Keys).Distinct().Select(key => Of(key, run => run.Settings.GetValueOrDefault(key)));
        var versions = rows.SelectMany(row => row.Record.Versions.Keys).Distinct().Select(key => Of(key, run => run.Versions.GetValueOrDefault(key)));
        Difference[] facts = [.. settings, .. versions, Of("machine", run => run.Machine), Of("device", run => run.Device)];
        return
        [
            .. facts.Where(fact => fact.Values.Distinct().Count() > 1),
            Of("state", run => $"{run.State}".ToLowerInvariant()),
            Of("epochs", run => run.Epochs.Count),
            Of("training loss", run => run.Epochs.LastOrDefault() is { } epoch ? Math.Round(epoch.Loss, 4) : null),
            Of("top-1 (%)", run => run.Top1 is { } top1 ? Math.Round(top1, 2) : null),
            Of("time (s)", run => run.Seconds),
        ];
    }

    static GenericChart Curves(Row[] rows, string title, string? unit, Func<EpochMetrics, double> value) =>
        Chart.Combine(rows.Select(row => Chart.Line<int, double, string>(
            x: row.Record.Epochs.Select(epoch => epoch.Epoch), y: row.Record.Epochs.Select(value), ShowMarkers: true, Name: row.Run)))
            .WithTitle(title).WithXAxisStyle<double, double, string>("Epoch").WithYAxisStyle<double, double, string>(unit ?? "cross entropy");

    static Row[] Read(string run, ParseResult parsed)
    {
        try
        {
            return [new(run, RunRecord.Load(run))];
        }
        catch (UserError problem)
        {
            parsed.InvocationConfiguration.Error.WriteLine($"left out: {problem.Message}");
            return [];
        }
    }
}
