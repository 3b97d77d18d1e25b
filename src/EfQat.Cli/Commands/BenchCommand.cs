using System.CommandLine;
using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat bench backward</c>: the backward pass of EfQAT against QAT's, in one process, taking turns.</summary>
static class BenchCommand
{
    public static Command Create() => new("bench", "Measure training steps, their memory, and integer inference")
    {
        Backward(), BenchStepCommand.Create(), BenchMemoryCommand.Create(), BenchIntegerCommand.Create(),
    };

    /// <summary>One row of the result.</summary>
    /// <param name="Method">FP32, QAT or EfQAT's mode.</param>
    /// <param name="Ratio">Share of blocks updated; null for FP32.</param>
    /// <param name="ForwardMs">Median.</param>
    /// <param name="BackwardMs">Median.</param>
    /// <param name="BackwardMinMs">Fastest.</param>
    /// <param name="BackwardMaxMs">Slowest.</param>
    /// <param name="UpdateMs">Median of the optimizer.</param>
    /// <param name="Speedup">QAT's backward over this one's: the median of the ratios turn by turn.</param>
    /// <param name="MultiplyAdds">Of the backward pass, in units of 10⁹; null where they are not counted.</param>
    /// <param name="FloorMs">What the machine's peak allows for these products: <see cref="MachinePeak.FloorMs"/>.</param>
    /// <param name="TimesFloor">The backward pass over it.</param>
    /// <param name="PeakMemoryMb">Of a step, beside weights and optimizer; null where torch cannot tell.</param>
    /// <param name="InputGradientMs">Median of the convolutions' ∂L/∂X in a backward pass, as are the next ones; null where it is not measured.</param>
    /// <param name="WeightGradientMs">∂L/∂W of the unfrozen rows.</param>
    /// <param name="BatchNormMs">Batch normalizations, with the quantizers behind them: one pass does both.</param>
    /// <param name="FakeQuantizeMs">The other quantizers, of activations and weights.</param>
    /// <param name="OtherMs">Additions, pooling, the loss, and autograd itself.</param>
    /// <param name="Steps">How many were timed.</param>
    sealed record Row(
        string Method, double? Ratio, double ForwardMs, double BackwardMs, double BackwardMinMs, double BackwardMaxMs, double UpdateMs,
        double Speedup, double? MultiplyAdds, double? FloorMs, double? TimesFloor, double? PeakMemoryMb, double? InputGradientMs,
        double? WeightGradientMs, double? BatchNormMs, double? FakeQuantizeMs, double? OtherMs, int Steps);

    static ExampleCommand Backward()
    {
        var bits = new Option<string>("--bits") { Description = "Bits of weights and activations", DefaultValueFactory = _ => "W4A8" };
        var model = new Option<string>("--model") { Description = "The network", DefaultValueFactory = _ => "resnet20" }.AcceptOnlyFromAmong(BenchModel.Names);
        var modes = new Option<string[]>("--modes")
        {
            Description = "EfQAT's modes", DefaultValueFactory = _ => ["CWPL", "CWPN", "LWPN"], AllowMultipleArgumentsPerToken = true,
        };
        var ratios = new Option<double[]?>("--ratios")
        {
            Description = "Shares of blocks to update; 0 and 1 are always run [default: 0.05 0.1 0.25, for resnet50 and bert-* 0.1]",
            AllowMultipleArgumentsPerToken = true,
        };
        var batch = new Option<int?>("--batch") { Description = "Samples in a batch [default: 128, for resnet50 and bert-small 8, for bert-base 4]" }.AtLeast(1);
        var length = new Option<int>("--length") { Description = "Tokens in a sample, for bert-*", DefaultValueFactory = _ => 128 }.AtLeast(2);
        var steps = new Option<int?>("--steps") { Description = "Timed steps of each method [default: 30, for resnet50 and bert-* 5]" }.AtLeast(1);
        var command = new ExampleCommand(
            "backward",
            "The backward pass of QAT against EfQAT's, every mode and ratio, taking turns in one process, and the floor that this machine's peak puts under "
            + "each: its convolutions and linear layers at the speed of a large matrix product, or their operands at that of a copy, whichever takes longer. "
            + "Normalizations, quantizers and attention are not in the floor; Winograd's algorithm may go below it.",
            "efqat bench backward", "efqat bench backward --bits W8A8 --steps 50 --json backward.json",
            "efqat bench backward --model bert-base --modes CWPN LWPN --ratios 0.05 0.25")
        {
            bits, model, modes, ratios, batch, length, steps,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var scheme = Scheme.Parse(parsed.GetValue(bits)!);
            using var scope = NewDisposeScope();
            var bench = BenchModel.Named(parsed.GetValue(model)!, parsed.GetValue(length));
            int samples = parsed.GetValue(batch) ?? bench.Batch, count = parsed.GetValue(steps) ?? bench.Steps;
            var data = bench.Data(samples, run.Seed, run.Device);
            var peak = MachinePeak.Measure(run.Device);

            List<(string Method, double? Ratio, StepTimer Timer)> entries = [];
            void Add(string method, double? ratio, EfQatOptions? options)
            {
                manual_seed(run.Seed);
                var network = bench.Create();
                if (options is null)
                {
                    network = network.to(run.Device);
                    entries.Add((method, ratio, new(network, new Fp32Update(network, 1e-3, weightRule: bench.Rule), data)));
                    return;
                }
                Quantize.Prepare(network, scheme);
                network = network.to(run.Device);
                Quantize.Calibrate(network, scheme, [data]);
                entries.Add((method, ratio, new(network, new EfQatUpdate(network, options with { WeightRule = bench.Rule }), data)));
            }
            Add("FP32", null, null);
            Add("QAT", 1, new EfQatOptions(Ratio: 1));
            foreach (var mode in parsed.GetValue(modes)!.Select(FreezingModes.Parse))
                foreach (double ratio in parsed.GetValue(ratios) is { Length: > 0 } chosen ? chosen : bench.Ratios)
                    Add($"EfQAT-{mode.ShortName()}", ratio, new EfQatOptions(mode, ratio));
            Add("EfQAT", 0, new EfQatOptions(Ratio: 0));

            const int WarmUp = 2;
            var times = entries.Select(_ => new List<StepTime>()).ToArray();
            ProgressView.Show(run.Quiet, view =>
            {
                for (int step = -WarmUp; step < count; step++)
                {
                    for (int i = 0; i < entries.Count; i++)
                    {
                        token.ThrowIfCancellationRequested();
                        var time = entries[i].Timer.Step();
                        if (step >= 0) times[i].Add(time);
                    }
                    view.Update((step + WarmUp + 1.0) / (count + WarmUp), $"turn {step + WarmUp + 1}/{count + WarmUp}");
                }
                return 0;
            });
            var rows = entries.Select((entry, i) => Summary(entry.Method, entry.Ratio, times[i], times[1], peak, run.Device)).ToArray();
            Terminal.Write(parsed, ResultTable.Of(rows)
                .Column("Method", r => r.Method)
                .Column("Ratio", r => r.Ratio, null, "0 %")
                .Column("Forward", r => r.ForwardMs, "ms", "0.0")
                .Column("Backward", r => r.BackwardMs, "ms", "0.0")
                .Column("min", r => r.BackwardMinMs, "ms", "0.0")
                .Column("max", r => r.BackwardMaxMs, "ms", "0.0")
                .Column("Update", r => r.UpdateMs, "ms", "0.0")
                .Column("QAT / this", r => r.Speedup, "×", "0.00")
                .Column("Multiply-adds", r => r.MultiplyAdds, "10⁹", "0.00")
                .Column("Floor", r => r.FloorMs, "ms", "0.0")
                .Column("× floor", r => r.TimesFloor, null, "0.00")
                .Column("Peak memory", r => r.PeakMemoryMb, "MB", "0"));
            var parts = rows.Where(r => r.InputGradientMs is not null).ToArray();
            if (parts.Length > 0)
                Terminal.Show(parsed, "Where the backward pass spends its time", ResultTable.Of(parts)
                    .Column("Method", r => r.Method)
                    .Column("Ratio", r => r.Ratio, null, "0 %")
                    .Column("∂L/∂X", r => r.InputGradientMs, "ms", "0.0")
                    .Column("∂L/∂W", r => r.WeightGradientMs, "ms", "0.0")
                    .Column("BatchNorm + quantizer", r => r.BatchNormMs, "ms", "0.0")
                    .Column("Other quantizers", r => r.FakeQuantizeMs, "ms", "0.0")
                    .Column("Other", r => r.OtherMs, "ms", "0.0"));
            Terminal.Note(parsed, $"{parsed.GetValue(model)}, {scheme}, batch {samples}, seed {run.Seed}; medians of {count} turns");
            Terminal.Note(parsed, string.Create(CultureInfo.InvariantCulture, $"peak {peak.Flops / 1e9:0} GFLOP/s, {peak.Bandwidth / 1e9:0.0} GB/s; {Machine.Line}"));
            return CommandLine.Ok;
        });
    }

    static Row Summary(string method, double? ratio, List<StepTime> times, List<StepTime> qat, MachinePeak peak, Device device)
    {
        double Median(Func<StepTime, double> of) => Statistics.Median(times.Select(of));
        bool quantized = ratio is not null;
        // On a GPU the clock of a part would stop before the work is done.
        double? Part(Func<StepTime, double> of) => quantized && device.type == DeviceType.CPU ? Median(of) : null;
        double? floor = quantized ? peak.FloorMs(times[0].Work, times[0].Bytes) : null;
        long memory = times.Max(t => t.PeakBytes - t.LiveBytes);
        return new(
            method, ratio, Median(t => t.Forward), Median(t => t.Backward), times.Min(t => t.Backward), times.Max(t => t.Backward), Median(t => t.Update),
            Statistics.MedianRatio(qat.Select(t => t.Backward), times.Select(t => t.Backward)), quantized ? times[0].Work.Total / 1e9 : null,
            floor, Median(t => t.Backward) / floor, memory > 0 ? memory / 1e6 : null, Part(t => t.Parts.InputGradient), Part(t => t.Parts.WeightGradient),
            Part(t => t.Parts.BatchNorm), Part(t => t.Parts.FakeQuantize), Part(t => t.Backward - t.Parts.Total), times.Count);
    }
}
