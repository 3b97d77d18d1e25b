using System.Diagnostics;
using System.Text;
using System.Text.Json;
using EfQat.Backward;
using EfQat.Diagnosis;
using EfQat.Display;

namespace EfQat.Cli.Experiments;

/// <summary>A cell of an experiment: what was run, what came of it, how long it took and where.</summary>
sealed record Cell<TKey, TResult>(TKey Key, TResult Result, double Seconds, string Machine);

/// <summary>
/// The cells of an experiment in one file, a line of JSON each, written as soon as a cell is done: whenever it is killed, the next run goes on
/// from there.
/// </summary>
/// <typeparam name="TKey">A record of all settings; cells with the same key have the same result.</typeparam>
/// <typeparam name="TResult">A record of numbers.</typeparam>
sealed class CellStore<TKey, TResult> where TKey : notnull
{
    readonly string path;
    readonly Dictionary<TKey, Cell<TKey, TResult>> cells = [];

    /// <summary>Opens the file, or begins it. A last line that was not written to its end is cut off.</summary>
    /// <param name="path">A .jsonl file; what is computed in another precision than float32 has a file of its own beside it.</param>
    /// <exception cref="UserError">A line is no cell of this kind.</exception>
    public CellStore(string path)
    {
        this.path = path = Kernels.Precision == Precision.Float32 ? path : Path.ChangeExtension(path, $"{Kernels.Precision}.jsonl".ToLowerInvariant());
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        int whole = Array.LastIndexOf(bytes, (byte)'\n') + 1, number = 0;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var cell = Parse(line, ++number);
            cells[cell.Key] = cell;
        }
        if (whole < bytes.Length) file.SetLength(whole);
    }

    /// <summary>Whether it is done.</summary>
    public bool Has(TKey key) => cells.ContainsKey(key);

    /// <summary>A cell that is done.</summary>
    public Cell<TKey, TResult> this[TKey key] => cells[key];

    /// <summary>The cell from the file; else runs it, and writes it through to the disk.</summary>
    public Cell<TKey, TResult> Get(TKey key, Func<TResult> run)
    {
        if (cells.TryGetValue(key, out var cell)) return cell;
        var clock = Stopwatch.StartNew();
        cell = new(key, run(), Math.Round(clock.Elapsed.TotalSeconds, 1), Machine.Line);
        using var file = new FileStream(path, FileMode.Append);
        file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(cell, Json.Line) + "\n"));
        file.Flush(flushToDisk: true);
        return cells[key] = cell;
    }

    Cell<TKey, TResult> Parse(string line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<Cell<TKey, TResult>>(line, Json.Line)!;
        }
        catch (JsonException problem)
        {
            throw new UserError($"{path}, line {number}: no result of this experiment ({problem.Message.Split('\n')[0]}); remove the line, or choose another --out");
        }
    }
}
