using System.Text;
using System.Text.Json;
using EfQat.Display;

namespace EfQat.Cli.Experiments;

/// <summary>
/// Results of an experiment's cells in one file, a line of JSON each, written as soon as a cell is done: whenever it is killed, the next run
/// goes on from there.
/// </summary>
/// <typeparam name="T">A record of a cell's settings and results.</typeparam>
sealed class CellStore<T>
{
    readonly string path;

    /// <summary>Opens the file, or begins it. A last line that was not written to its end is cut off.</summary>
    /// <exception cref="UserError">A line is no record of this kind.</exception>
    public CellStore(string path)
    {
        this.path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        int whole = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        if (whole < bytes.Length) file.SetLength(whole);
        var lines = Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Cells = [.. lines.Select((line, i) => Parse(line, i + 1))];
    }

    /// <summary>All that are in the file.</summary>
    public List<T> Cells { get; }

    /// <summary>Adds one and writes it through to the disk.</summary>
    public void Add(T cell)
    {
        using var file = new FileStream(path, FileMode.Append);
        file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(cell, Json.Line) + "\n"));
        file.Flush(flushToDisk: true);
        Cells.Add(cell);
    }

    T Parse(string line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, Json.Line)!;
        }
        catch (JsonException problem)
        {
            throw new UserError($"{path}, line {number}: no result of this experiment ({problem.Message.Split('\n')[0]}); remove the line, or choose another --out");
        }
    }
}
