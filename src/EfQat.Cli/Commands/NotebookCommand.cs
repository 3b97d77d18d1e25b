using System.CommandLine;
using EfQat.Cli.Progress;
using EfQat.Display;
using EfQat.Jupyter.Notebooks;
using EfQat.Jupyter.Notebooks.Html;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat notebook</c>: notebooks without Jupyter.</summary>
static class NotebookCommand
{
    static readonly Argument<string> File = new Argument<string>("file") { Description = "The notebook" }.RefusingOptions();
    static readonly Option<bool> Verbose = new("--verbose") { Description = "Show what the cells print" };
    static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "No progress" };

    public static Command Create() => new("notebook", "Run, check and export notebooks without Jupyter") { Run(), Html(), Check() };

    static ExampleCommand Run()
    {
        var settings = new Option<string[]>("--set") { Description = "Write a value into the cell tagged parameters; repeatable", HelpName = "name=value" };
        settings.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value.IndexOf('=') < 1) is { } wrong) result.AddError($"--set: '{wrong.Value}' is not name=value");
        });
        var target = new Option<string?>("--out") { Description = "Write the result there, also after an error [default: over the notebook, not after an error]", HelpName = "FILE" };
        return new ExampleCommand(
            "run", "Run all cells and save their outputs", "efqat notebook run notebooks/01-quantization-grid.ipynb",
            "efqat notebook run notebooks/01-quantization-grid.ipynb --set quick=false --set seed=2 --out grid.ipynb")
        {
            File,
            settings,
            target,
            Verbose,
            Quiet,
        }.Does((parsed, token) =>
        {
            var notebook = NotebookFile.Read(parsed.GetValue(File)!);
            var path = Path.GetFullPath(parsed.GetValue(target) ?? notebook.Path);
            RefuseUnwritable(path);
            var parameters = new Parameters(notebook);
            foreach (var setting in parsed.GetValue(settings)!)
                parameters.Set(setting[..setting.IndexOf('=')].Trim(), setting[(setting.IndexOf('=') + 1)..]);

            var failure = ProgressView.Show(parsed.GetValue(Quiet), view => NotebookRunner.Run(notebook, new View(view, parsed.GetValue(Verbose)), token));
            if (failure is null || parsed.GetValue(target) is not null) notebook.Save(path);
            if (failure is null) return CommandLine.Ok;
            foreach (var line in failure.Error.PlainTrace) parsed.InvocationConfiguration.Error.WriteLine(line);
            throw new UserError($"{notebook.Path}: {failure.Cell} failed: {failure.Error.Name}: {failure.Error.Message}");
        });
    }

    static ExampleCommand Html()
    {
        var target = new Option<string?>("--out") { Description = "The page [default: beside the notebook]", HelpName = "FILE" };
        return new ExampleCommand(
            "html", "Export a notebook as one page that needs no network", "efqat notebook html notebooks/01-quantization-grid.ipynb",
            "efqat notebook html notebooks/01-quantization-grid.ipynb --out grid.html")
        {
            File,
            target,
        }.Does((parsed, _) =>
        {
            var notebook = NotebookFile.Read(parsed.GetValue(File)!);
            var path = Path.GetFullPath(parsed.GetValue(target) ?? Path.ChangeExtension(notebook.Path, ".html"));
            RefuseUnwritable(path);
            WholeFile.Write(path, NotebookPage.Of(notebook));
            parsed.InvocationConfiguration.Output.WriteLine($"wrote {path}");
            return CommandLine.Ok;
        });
    }

    static ExampleCommand Check()
    {
        var places = new Argument<string[]>("files")
        {
            Description = "Notebooks, or folders of them",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => ["notebooks"],
        }.RefusingOptions();
        return new ExampleCommand(
            "check", "Run notebooks with their quick settings; write nothing; fail where one fails", "efqat notebook check", "efqat notebook check notebooks/01-quantization-grid.ipynb --json")
        {
            places,
            Quiet,
            RunOptions.JsonOption,
        }.Does((parsed, token) =>
        {
            string[] files = [.. parsed.GetValue(places)!.SelectMany(Notebooks)];
            var checks = ProgressView.Show(parsed.GetValue(Quiet), view => files.Select((file, i) =>
            {
                view.Update((double)i / files.Length, file);
                return NotebookCheck.Run(file, token);
            }).ToArray());
            Terminal.Write(parsed, ResultTable.Of(checks)
                .Column("Notebook", c => c.Notebook).Column("Cells", c => c.Cells).Column("Time", c => c.Seconds, "s", "0.0").Column("Result", c => c.Result));
            return checks.All(c => c.IsFine) ? CommandLine.Ok : CommandLine.Failed;
        });
    }

    static IEnumerable<string> Notebooks(string place)
    {
        if (!Directory.Exists(place)) return [place];
        string[] found = [.. Directory.EnumerateFiles(place, "*.ipynb").Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw new UserError($"{place}: no notebook (*.ipynb) in this folder");
    }

    /// <summary>Now, rather than after minutes of computing.</summary>
    static void RefuseUnwritable(string path)
    {
        if (Directory.Exists(path)) throw new UserError($"{path}: a folder; name a file in it");
        if (!Directory.Exists(Path.GetDirectoryName(path))) throw new UserError($"{path}: there is no such folder; make it first, or choose another --out");
        try
        {
            var probe = path + ".unfinished";
            using (System.IO.File.Create(probe)) { }
            System.IO.File.Delete(probe);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"{path}: nothing can be written there; choose another --out ({problem.Message})");
        }
    }

    sealed class View(IProgressView view, bool isVerbose) : IRunView
    {
        public void OnStart(int number, int count) => view.Update((number - 1.0) / count, $"cell {number} of {count}");

        public void OnText(string text)
        {
            if (isVerbose) view.Line(text.TrimEnd('\n'));
        }

        public void OnEnd(int number, int count, TimeSpan time) => view.Line(FormattableString.Invariant($"cell {number} of {count}: {time.TotalSeconds:0.0} s"));
    }
}
