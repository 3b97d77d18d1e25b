using System.CommandLine;
using EfQat.Backward;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat bench memory</c>: what a training step holds, and why.</summary>
static class BenchMemoryCommand
{
    /// <summary>QAT as it is usually written: every operator keeps its float input.</summary>
    const string Floats = "QAT, floats kept";

    /// <summary>One row of the result; megabytes are 10⁶ bytes.</summary>
    /// <param name="Method">FP32, QAT or EfQAT's mode.</param>
    /// <param name="Ratio">Share of blocks updated; null for FP32.</param>
    /// <param name="CodesMb">Kept for the backward pass: inputs of layers as 8-bit codes; null where libtorch's own operators keep everything.</param>
    /// <param name="FloatsMb">Inputs of layers as floats.</param>
    /// <param name="NormInputsMb">Inputs of batch normalizations.</param>
    /// <param name="QuantizerInputsMb">Inputs of the other activation quantizers.</param>
    /// <param name="WeightsMb">Quantized weights made for this step.</param>
    /// <param name="OtherMb">What else the forward pass leaves: the batch, what libtorch's own operators keep.</param>
    /// <param name="ModelMb">Held when the step begins: parameters, optimizer, quantized weights of frozen rows.</param>
    /// <param name="PassingMb">What the peak has on top of all this: results on the way.</param>
    /// <param name="PeakMb">The most that was held at once: the sum of all these.</param>
    /// <param name="ToFloats">The peak over that of QAT with floats kept.</param>
    internal sealed record Row(
        string Method, double? Ratio, double? CodesMb, double? FloatsMb, double? NormInputsMb, double? QuantizerInputsMb, double? WeightsMb,
        double OtherMb, double ModelMb, double PassingMb, double PeakMb, double ToFloats);

    public static ExampleCommand Create()
    {
        var bits = new Option<string>("--bits") { Description = "Bits of weights and activations", DefaultValueFactory = _ => "W4A8" };
        var model = new Option<string>("--model") { Description = "The network", DefaultValueFactory = _ => "resnet20" }.AcceptOnlyFromAmong(BenchModel.Names);
        var modes = new Option<string[]>("--modes")
        {
            Description = "EfQAT's modes", DefaultValueFactory = _ => ["CWPL", "CWPN", "LWPN"], AllowMultipleArgumentsPerToken = true,
        };
        var ratios = new Option<double[]>("--ratios")
        {
            Description = "Shares of blocks to update; 0 and 1 are always run", DefaultValueFactory = _ => [0.1], AllowMultipleArgumentsPerToken = true,
        };
        var batch = new Option<int?>("--batch") { Description = "Samples in a batch [default: 128, for resnet50 and bert-small 8, for bert-base 4]" }.AtLeast(1);
        var length = new Option<int>("--length") { Description = "Tokens in a sample, for bert-*", DefaultValueFactory = _ => 128 }.AtLeast(2);
        var command = new ExampleCommand(
            "memory",
            "The most memory that a training step holds at once (forward, backward, update), and what it consists of. "
            + $"'{Floats}' is QAT from plain operators, each of which keeps its float input. Bytes of tensors, counted by LocalTorch's allocator; "
            + "oneDNN's scratch is not among them.",
            "efqat bench memory", "efqat bench memory --model resnet50 --batch 8 --modes CWPN LWPN --ratios 0.05 0.1 --out runs/memory")
        {
            bits, model, modes, ratios, batch, length,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            if (run.Device.type != DeviceType.CPU)
                throw new UserError("--device cuda: memory is counted by LocalTorch's CPU allocator, and libtorch shows that of CUDA to Python only; use --device cpu");
            using var scope = NewDisposeScope();
            var scheme = Scheme.Parse(parsed.GetValue(bits)!);
            var bench = BenchModel.Named(parsed.GetValue(model)!, parsed.GetValue(length));
            var data = bench.Data(parsed.GetValue(batch) ?? bench.Batch, run.Seed, run.Device);
            List<(string Method, EfQatOptions? Options)> methods =
            [
                ("FP32", null), (Floats, new(Ratio: 1)), ("QAT", new(Ratio: 1)),
                .. from mode in parsed.GetValue(modes)!.Select(FreezingModes.Parse) from ratio in parsed.GetValue(ratios)!
                   select ($"EfQAT-{mode.ShortName()}", new EfQatOptions(mode, ratio)),
                ("EfQAT", new(Ratio: 0)),
            ];
            var measured = ProgressView.Show(run.Quiet, view => methods.Select((method, i) =>
            {
                token.ThrowIfCancellationRequested();
                view.Update((double)i / methods.Count, method.Method);
                Kernels.UseFused = Kernels.SaveCodes = method.Method != Floats;
                try
                {
                    return StepMemory.Measure(() => Make(bench, scheme, method.Options, data, run.Seed), data);
                }
                finally
                {
                    Kernels.UseFused = Kernels.SaveCodes = true;
                }
            }).ToArray());
            Row[] rows = [.. methods.Zip(measured, (method, memory) => Of(method.Method, method.Options?.Ratio, memory, measured[1].Peak))];
            var table = BenchMemoryReport.Table(rows);
            Terminal.Write(parsed, table);
            string what = $"{parsed.GetValue(model)}, {scheme}, batch {data.Images.shape[0]}";
            Terminal.Note(parsed, $"{what}; {Machine.Line}");
            if (run.Out is { } folder)
            {
                WholeFile.Write(Path.Combine(folder, "memory.svg"), BenchMemoryReport.Chart(rows, what).ToSvg());
                BenchMemoryReport.Of(table, rows, what).Save(Path.Combine(folder, "report.html"));
                Terminal.Note(parsed, $"report: {Path.Combine(folder, "report.html")}");
            }
            return CommandLine.Ok;
        });
    }

    static (nn.Module<Tensor, Tensor>, IUpdateRule) Make(BenchModel bench, Scheme scheme, EfQatOptions? options, Batch data, long seed)
    {
        manual_seed(seed);
        var network = bench.Create();
        if (options is null) return (network, new Fp32Update(network, 1e-3, weightRule: bench.Rule));
        Quantize.Prepare(network, scheme);
        Quantize.Calibrate(network, scheme, [data]);
        return (network, new EfQatUpdate(network, options with { WeightRule = bench.Rule }));
    }

    static Row Of(string method, double? ratio, StepMemory memory, long floats)
    {
        static double Mb(long bytes) => bytes / 1e6;
        double? Kept(long bytes) => ratio is null ? null : Mb(bytes);
        var saved = memory.Saved;
        return new(
            method, ratio, Kept(saved.Codes), Kept(saved.Floats), Kept(saved.NormInputs), Kept(saved.QuantizerInputs), Kept(saved.Weights), Mb(memory.Other),
            Mb(memory.Model), Mb(memory.Peak - memory.Model - memory.Other - saved.Total), Mb(memory.Peak), (double)memory.Peak / floats);
    }
}
