using System.Diagnostics;
using System.Text.Json.Nodes;
using EfQat.Jupyter.Kernel;
using EfQat.Jupyter.Language;

namespace EfQat.Jupyter.Notebooks;

/// <summary>Where a run shows how far it is.</summary>
public interface IRunView
{
    /// <summary>A cell begins.</summary>
    void OnStart(int number, int count);

    /// <summary>A cell has printed something.</summary>
    void OnText(string text);

    /// <summary>A cell has ended, well or not.</summary>
    void OnEnd(int number, int count, TimeSpan time);
}

/// <summary>The cell that ended a run.</summary>
/// <param name="Cell">As in its trace, for example <c>cell[3]</c>.</param>
/// <param name="Error">What went wrong.</param>
public sealed record RunFailure(string Cell, CellError Error);

/// <summary>Runs a notebook in this process, without Jupyter.</summary>
public static class NotebookRunner
{
    /// <summary>
    /// Runs the code cells in the notebook's folder, top to bottom, and puts their outputs and counts into <paramref name="notebook"/>; those of
    /// the cells after a failed one are emptied.
    /// </summary>
    /// <returns>The failure that ended the run; null where every cell ran. A cell tagged <c>raises-exception</c> may fail.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled; the notebook is as it was.</exception>
    public static RunFailure? Run(NotebookFile notebook, IRunView view, CancellationToken stop)
    {
        var folder = Environment.CurrentDirectory;
        Environment.CurrentDirectory = Path.GetDirectoryName(notebook.Path)!;
        using var console = CellConsole.Install();
        try
        {
            return Run(notebook, new NotebookSession(), view, stop);
        }
        finally
        {
            Environment.CurrentDirectory = folder;
        }
    }

    static RunFailure? Run(NotebookFile notebook, NotebookSession session, IRunView view, CancellationToken stop)
    {
        using var interrupt = stop.Register(session.Interrupt);
        Dictionary<string, JsonObject> displays = [];
        List<CollectedOutputs> collected = [];
        RunFailure? failure = null;
        NotebookCell[] cells = [.. notebook.Cells.Where(cell => cell.IsRun)];
        for (int i = 0; i < cells.Length && failure is null; i++)
        {
            stop.ThrowIfCancellationRequested();
            view.OnStart(i + 1, cells.Length);
            var clock = Stopwatch.StartNew();
            var outputs = new CollectedOutputs(displays, view.OnText);
            collected.Add(outputs);
            var result = session.Run(cells[i].Source, $"cell[{i + 1}]", outputs);
            if (result.Output is { } shown) outputs.ShowResult(shown, i + 1);
            if (result.Error is { } error) outputs.ShowError(error);
            view.OnEnd(i + 1, cells.Length, clock.Elapsed);
            if (result.Error is not null && !cells[i].Tags.Contains("raises-exception")) failure = new($"cell[{i + 1}]", result.Error);
        }
        stop.ThrowIfCancellationRequested();
        CellConsole.FlushAll();

        // only now: a later cell may have updated an earlier one's display
        foreach (var cell in notebook.Cells.Where(cell => cell.Kind == "code" && !cell.Tags.Contains("skip-execution"))) cell.SetResults(null, []);
        for (int i = 0; i < collected.Count; i++) cells[i].SetResults(i + 1, collected[i].ToJson());
        return failure;
    }
}
