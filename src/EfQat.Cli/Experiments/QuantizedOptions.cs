using System.CommandLine;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Experiments;

/// <summary>The options of quantized training.</summary>
/// <param name="Scheme">Bits.</param>
/// <param name="Weights">The full-precision file that it starts from.</param>
/// <param name="Training">What is trained.</param>
sealed record QuantizedOptions(Scheme Scheme, string Weights, EfQatOptions Training)
{
    static readonly EfQatOptions Defaults = new();

    static readonly Option<string?> Bits = new("--bits") { Description = "Quantize after training, then train so: bits of weights and activations and their options, e.g. W4A8", HelpName = "SCHEME" };

    static readonly Option<string?> Fp32 = new(EfQatExperiment.Weights) { Description = "With --bits: full-precision weights [default: data/checkpoints/DATA-MODEL.safetensors]", HelpName = "FILE" };

    static readonly Option<string?> Mode = new Option<string?>("--mode") { Description = $"With --bits: which blocks are updated [default: {Defaults.Mode.ShortName().ToLowerInvariant()}]" }
        .AcceptOnlyFromAmong([.. Enum.GetValues<FreezingMode>().Select(mode => mode.ShortName().ToLowerInvariant())]);

    static readonly Option<double?> Ratio = new("--ratio") { Description = $"With --bits: the share of blocks to update; 1 is QAT [default: {Defaults.Ratio}]" };

    static readonly Option<int?> Frequency = new Option<int?>("--frequency") { Description = $"With --bits: samples from one choice of blocks to the next [default: {Defaults.Frequency}]" }.AtLeast(1);

    static readonly Option<double?> ScaleRate = new("--scale-lr") { Description = "With --bits: learning rate of scales and zero points [default: 0.03, for resnet50 0.001, for bert-* 0.01]" };

    static readonly Option<int> NormBatches = BatchNormBatches("With --bits: ");

    /// <summary>The option that has BatchNorm's statistics averaged anew.</summary>
    public static Option<int> BatchNormBatches(string when = "") => new Option<int>("--bn-batches")
    {
        Description = $"{when}Average BatchNorm's statistics anew over N batches, after training; 0 leaves them as training does", HelpName = "N",
    }.AtLeast(0);

    static readonly Option[] All = [Bits, Fp32, Mode, Ratio, Frequency, ScaleRate, NormBatches];

    public static void AddTo(Command command)
    {
        foreach (var option in All) command.Add(option);
    }

    /// <summary>Null where full-precision training is asked for.</summary>
    /// <exception cref="UserError">An option of quantized training stands without --bits.</exception>
    public static QuantizedOptions? Read(ParseResult parsed, ILearningTask task)
    {
        if (parsed.GetValue(Bits) is not { } bits)
        {
            if (All.Skip(1).FirstOrDefault(option => parsed.GetResult(option) is not null) is { } option)
                throw new UserError($"{option.Name}: it belongs to quantized training; add --bits, e.g. --bits W4A8");
            return null;
        }
        var defaults = task.Settings.Quantized;
        return new(Scheme.Parse(bits), parsed.GetValue(Fp32) ?? EfQatExperiment.DefaultWeights(task), defaults with
        {
            Mode = parsed.GetValue(Mode) is { } mode ? FreezingModes.Parse(mode) : defaults.Mode,
            Ratio = parsed.GetValue(Ratio) ?? defaults.Ratio,
            Frequency = parsed.GetValue(Frequency) ?? defaults.Frequency,
            ScaleLearningRate = parsed.GetValue(ScaleRate) ?? defaults.ScaleLearningRate,
            BatchNormBatches = parsed.GetValue(NormBatches),
        });
    }
}
