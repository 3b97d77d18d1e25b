using System.CommandLine;
using EfQat.Backward;

namespace EfQat.Cli;

/// <summary>The options shared by every command that computes.</summary>
/// <param name="Seed">Fixes initialization, order, augmentation and selection.</param>
/// <param name="Device">Where tensors live.</param>
/// <param name="Out">The folder for checkpoints, results and the report; null for none.</param>
/// <param name="Json">The file for the results as JSON; "-" for standard output; null for none.</param>
/// <param name="Quiet">No progress.</param>
public sealed record RunOptions(long Seed, Device Device, string? Out, string? Json, bool Quiet)
{
    static readonly Option<long> SeedOption = new("--seed")
    {
        Description = "Fixes initialization, order of samples, augmentation and selection",
        DefaultValueFactory = _ => 1,
    };

    static readonly Option<string> DeviceOption = new Option<string>("--device")
    {
        Description = "Where to compute",
        DefaultValueFactory = _ => "cpu",
    }.AcceptOnlyFromAmong("cpu", "cuda");

    static readonly Option<string> PrecisionOption = new Option<string>("--precision")
    {
        Description = "What quantized layers multiply in on CUDA: float32, or tensor cores' tf32 or bfloat16",
        DefaultValueFactory = _ => "float32",
    }.AcceptOnlyFromAmong("float32", "tf32", "bfloat16");

    static readonly Option<string?> OutOption = new("--out")
    {
        Description = "Folder for checkpoints, results and the report",
        HelpName = "DIR",
    };

    /// <summary>Also offered by commands that do not compute.</summary>
    public static readonly Option<string?> JsonOption = new("--json")
    {
        Description = "Write the results as JSON to FILE, or to standard output",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };

    static readonly Option<int?> ThreadsOption = new Option<int?>("--threads")
    {
        Description = "Threads for libtorch [default: physical cores]",
        HelpName = "N",
    }.AtLeast(1);

    static readonly Option<bool> QuietOption = new("--quiet", "-q") { Description = "No progress" };

    /// <summary>Gives a command these options.</summary>
    /// <param name="command">Which.</param>
    /// <param name="folder">False: the command writes no folder.</param>
    public static void AddTo(Command command, bool folder = true)
    {
        foreach (var option in (Option[])[SeedOption, DeviceOption, PrecisionOption, .. folder ? [OutOption] : (Option[])[], JsonOption, ThreadsOption, QuietOption])
            command.Add(option);
    }

    /// <summary>Reads them and prepares torch: threads, precision and seed.</summary>
    /// <exception cref="UserError">There is no CUDA device, or a precision asks for one.</exception>
    public static RunOptions Read(ParseResult parsed)
    {
        if (parsed.GetValue(ThreadsOption) is { } threads)
            set_num_threads(threads);
        var cuda = parsed.GetValue(DeviceOption) == "cuda";
        if (cuda && !torch.cuda.is_available())
            throw new UserError("--device cuda: no CUDA device can be used; 'efqat doctor' says why. Use --device cpu");
        var precision = Enum.Parse<Precision>(parsed.GetValue(PrecisionOption)!, ignoreCase: true);
        if (precision != Precision.Float32 && !cuda)
            throw new UserError($"--precision {precision}: the CPU computes in float32; use it with --device cuda");
        Kernels.Precision = precision;
        var seed = parsed.GetValue(SeedOption);
        manual_seed(seed);
        return new(seed, cuda ? CUDA : CPU, parsed.GetValue(OutOption), JsonTarget(parsed), parsed.GetValue(QuietOption));
    }

    /// <summary>The file that --json names; "-" where it names none; null where it is absent.</summary>
    public static string? JsonTarget(ParseResult parsed) =>
        parsed.GetResult(JsonOption) is { Implicit: false } ? parsed.GetValue(JsonOption) ?? "-" : null;
}
