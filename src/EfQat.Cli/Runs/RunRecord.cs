using System.Reflection;
using System.Text.Json;
using EfQat.Diagnosis;
using EfQat.Display;

namespace EfQat.Cli.Runs;

/// <summary>How far a run has come.</summary>
enum RunState
{
    /// <summary>It is training, or was killed.</summary>
    Running,

    /// <summary>Stopped; the same command goes on.</summary>
    Interrupted,

    /// <summary>It ended with an error.</summary>
    Failed,

    /// <summary>Done.</summary>
    Finished,
}

/// <summary>One epoch.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Steps">Done in all at its end.</param>
/// <param name="Loss">Mean over its steps since the run began or was resumed.</param>
/// <param name="TrainTop1">Of its training batches, in percent.</param>
/// <param name="TestTop1">On the test set, in percent.</param>
sealed record EpochMetrics(int Epoch, long Steps, double Loss, double TrainTop1, double TestTop1);

/// <summary>A training run: what, where, and what came of it. It is <c>run.json</c> in the run's folder.</summary>
/// <param name="Command">The words after <c>efqat</c>.</param>
/// <param name="Settings">Model, scheme, data, seed, …: what the checkpoint must agree with.</param>
/// <param name="Versions">Of the kit with its git commit, .NET and libtorch.</param>
/// <param name="Machine">Processor and threads.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="Started">The first time, in UTC.</param>
/// <param name="Seconds">Of all its parts together.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Epochs">In order.</param>
sealed record RunRecord(
    string Command, IReadOnlyDictionary<string, string> Settings, IReadOnlyDictionary<string, string> Versions, string Machine, string Device,
    DateTime Started, double Seconds, RunState State, IReadOnlyList<EpochMetrics> Epochs)
{
    /// <summary>Its name in a run's folder.</summary>
    public const string FileName = "run.json";

    /// <summary>What every record says of the software.</summary>
    public static IReadOnlyDictionary<string, string> CurrentVersions => new Dictionary<string, string>
    {
        ["efqat"] = typeof(RunRecord).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        ["libtorch"] = __version__, ["runtime"] = Diagnosis.Machine.Runtime,
    };

    /// <summary>Of the last epoch, in percent; null before the first has ended.</summary>
    public double? Top1 => Epochs.Count > 0 ? Epochs[^1].TestTop1 : null;

    /// <summary>Writes it to a run's folder, whole or not at all.</summary>
    public void Save(string folder) => WholeFile.Write(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json.Results) + "\n");

    /// <summary>Reads it from a run's folder, or from the file itself.</summary>
    /// <exception cref="UserError">It is missing, or no record.</exception>
    public static RunRecord Load(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        if (!File.Exists(file)) throw new UserError($"{file}: there is no record of a run; 'efqat train --out DIR' writes one, 'efqat runs list' shows which there are");
        try
        {
            if (JsonSerializer.Deserialize<RunRecord>(File.ReadAllText(file), Json.Results) is { Settings: not null, Epochs: not null, Versions: not null } record) return record;
            throw new JsonException("fields are missing");
        }
        catch (JsonException problem)
        {
            throw new UserError($"{file}: no record of a run ({problem.Message.Split('\n')[0]}); move it away, or train with another --out");
        }
    }

    /// <summary>The folders below one that hold a record, in the order of their names.</summary>
    public static IEnumerable<string> Folders(string below) =>
        Directory.EnumerateFiles(below, FileName, SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal);
}
