using System.CommandLine;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat bench backward</c>: the backward pass of EfQAT against QAT's, in one process, taking turns.</summary>
static class BenchCommand
{
    public static Command Create() => new("bench", "Measure time and memory of training steps") { Backward(), BenchStepCommand.Create() };

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
    /// <param name="PeakMemoryMb">Of a step.</param>
    /// <param name="InputGradientMs">Median of the convolutions' ∂L/∂X in a backward pass, as are the next ones; null where it is not measured.</param>
    /// <param name="WeightGradientMs">∂L/∂W of the unfrozen rows.</param>
    /// <param name="BatchNormMs">Batch normalizations, with the quantizers behind them: one pass does both.</param>
    /// <param name="FakeQuantizeMs">The other quantizers, of activations and weights.</param>
    /// <param name="OtherMs">Additions, pooling, the loss, and autograd itself.</param>
    /// <param name="Steps">How many were timed.</param>
    sealed record Row(
        string Method, double? Ratio, double ForwardMs, double BackwardMs, double BackwardMinMs, double BackwardMaxMs, double UpdateMs,
        double Speedup, double? MultiplyAdds, double PeakMemoryMb, double? InputGradientMs, double? WeightGradientMs, double? BatchNormMs,
        double? FakeQuantizeMs, double? OtherMs, int Steps);

    static ExampleCommand Backward()
    {
        var bits = new Option<string>("--bits") { Description = "Bits of weights and activations", DefaultValueFactory = _ => "W4A8" };
        var model = new Option<string>("--model") { Description = "resnet20, resnet32, resnet44 or resnet56", DefaultValueFactory = _ => "resnet20" };
        var batch = new Option<int>("--batch") { Description = "Images in a batch", DefaultValueFactory = _ => 128 }.AtLeast(1);
        var steps = new Option<int>("--steps") { Description = "Timed steps of each method", DefaultValueFactory = _ => 30 }.AtLeast(1);
        var command = new ExampleCommand(
            "backward", "The backward pass of QAT against EfQAT's, every mode and ratio, taking turns in one process",
            "efqat bench backward", "efqat bench backward --bits W8A8 --steps 50 --json backward.json")
        {
            bits, model, batch, steps,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            var scheme = Scheme.Parse(parsed.GetValue(bits)!);
            using var scope = NewDisposeScope();
            var data = new BatchLoader(FashionMnist.Load("test"), parsed.GetValue(batch), shuffle: true, seed: run.Seed, device: run.Device).Epoch().First();

            List<(string Method, double? Ratio, StepTimer Timer)> entries = [];
            void Add(string method, double? ratio, EfQatOptions? options)
            {
                manual_seed(run.Seed);
                var network = ResNet.Create(parsed.GetValue(model)!, 1, 10).to(run.Device);
                if (options is null)
                {
                    entries.Add((method, ratio, new(network, new Fp32Update(network, 1e-3), data)));
                    return;
                }
                Quantize.Prepare(network, scheme);
                Quantize.Calibrate(network, scheme, [data]);
                entries.Add((method, ratio, new(network, new EfQatUpdate(network, options), data)));
            }
            Add("FP32", null, null);
            Add("QAT", 1, new EfQatOptions(Ratio: 1));
            foreach (var mode in Enum.GetValues<FreezingMode>())
                foreach (double ratio in (double[])[0.05, 0.1, 0.25])
                    Add($"EfQAT-{mode.ShortName()}", ratio, new EfQatOptions(mode, ratio));
            Add("EfQAT", 0, new EfQatOptions(Ratio: 0));

            int count = parsed.GetValue(steps);
            const int WarmUp = 3;
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
            var rows = entries.Select((entry, i) => Summary(entry.Method, entry.Ratio, times[i], times[1])).ToArray();
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
                .Column("Peak memory", r => r.PeakMemoryMb, "MB", "0"));
            Terminal.Show(parsed, "Where the backward pass spends its time", ResultTable.Of(rows.Where(r => r.InputGradientMs is not null))
                .Column("Method", r => r.Method)
                .Column("Ratio", r => r.Ratio, null, "0 %")
                .Column("∂L/∂X", r => r.InputGradientMs, "ms", "0.0")
                .Column("∂L/∂W", r => r.WeightGradientMs, "ms", "0.0")
                .Column("BatchNorm + quantizer", r => r.BatchNormMs, "ms", "0.0")
                .Column("Other quantizers", r => r.FakeQuantizeMs, "ms", "0.0")
                .Column("Other", r => r.OtherMs, "ms", "0.0"));
            Terminal.Note(parsed, $"{Machine.Line}, batch {parsed.GetValue(batch)}, {scheme}, seed {run.Seed}; medians of {count} turns");
            return CommandLine.Ok;
        });
    }

    static Row Summary(string method, double? ratio, List<StepTime> times, List<StepTime> qat)
    {
        double Median(Func<StepTime, double> of) => Statistics.Median(times.Select(of));
        bool quantized = ratio is not null;
        double? OfQuantized(Func<StepTime, double> of) => quantized ? Median(of) : null;
        return new(
            method, ratio, Median(t => t.Forward), Median(t => t.Backward), times.Min(t => t.Backward), times.Max(t => t.Backward), Median(t => t.Update),
            Statistics.MedianRatio(qat.Select(t => t.Backward), times.Select(t => t.Backward)), quantized ? times[0].Work.Total / 1e9 : null,
            times.Max(t => t.PeakBytes) / 1e6, OfQuantized(t => t.Parts.InputGradient), OfQuantized(t => t.Parts.WeightGradient),
            OfQuantized(t => t.Parts.BatchNorm), OfQuantized(t => t.Parts.FakeQuantize), OfQuantized(t => t.Backward - t.Parts.Total), times.Count);
    }
}
