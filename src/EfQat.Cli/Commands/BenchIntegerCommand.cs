using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Integer.Kernels;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat bench integer</c>: our integer convolutions against libtorch's in float and ONNX Runtime's in INT8, taking turns.</summary>
static class BenchIntegerCommand
{
    const int Layers = 6;

    /// <summary>The 3×3 layers of ResNet-18 and -50: channels, and rows and columns.</summary>
    static readonly (int Channels, int Size)[] Chains = [(64, 56), (128, 28), (256, 14)];

    /// <summary>One row of the result.</summary>
    /// <param name="Layers">Channels and size.</param>
    /// <param name="Kernel">Whose, and what.</param>
    /// <param name="RunMs">Median of the six layers.</param>
    /// <param name="MinMs">Fastest.</param>
    /// <param name="MaxMs">Slowest.</param>
    /// <param name="Gops">10⁹ operations in a second at the median, two for a multiply-add of the convolution, saved or not.</param>
    /// <param name="ShareOfPeak">Of what the kernel's multiply-adds do in registers alone; Winograd saves some, so it may exceed 1.</param>
    /// <param name="Speedup">Our exact INT8's time over this one's: the median of the ratios turn by turn.</param>
    /// <param name="SpeedupOverOnnx">The same of ONNX Runtime's INT8; null where it is missing.</param>
    /// <param name="Threads">Of each.</param>
    /// <param name="Turns">How many were timed.</param>
    sealed record Row(
        string Layers, string Kernel, double RunMs, double MinMs, double MaxMs, double Gops, double? ShareOfPeak, double Speedup,
        double? SpeedupOverOnnx, int Threads, int Turns);

    /// <summary>One that takes its turns, running the chain; and which kernel's peak it is compared with.</summary>
    sealed record Entry(string Name, KernelKind? Peak, Func<double> Run) : Entrant(Run);

    public static ExampleCommand Create()
    {
        var isa = new Option<string>("--isa")
        {
            Description = "Our kernels' vector instructions",
            DefaultValueFactory = _ => Name(InstructionSets.Best),
        }.AcceptOnlyFromAmong([.. InstructionSets.Available.Select(Name)]);
        var turns = new Option<int>("--turns") { Description = "Timed runs of each", DefaultValueFactory = _ => 20 }.AtLeast(1);
        var modules = OnnxRuntimeOption.Create();
        var command = new ExampleCommand(
            "integer",
            "Chains of six 3×3 convolutions with padding, ReLU and requantization, one picture at a time: our integer kernels, libtorch in FP32 and "
            + "ONNX Runtime in INT8, taking turns with the same threads; and the share of what the kernel's multiply-adds do in registers alone.",
            "efqat bench integer", "efqat bench integer --isa avx2 --threads 1 --json integer.json")
        {
            isa, turns, modules,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            if (run.Device.type != DeviceType.CPU)
                throw new UserError("--device cuda: integer kernels run on the CPU only; use --device cpu");
            var set = InstructionSets.Available.Single(set => Name(set) == parsed.GetValue(isa));
            var (count, threads, onnxRuntime) = (parsed.GetValue(turns), get_num_threads(), OnnxRuntimeOption.Folder(parsed, modules));
            using var workers = new Workers(threads);
            List<Row> rows = [];
            List<string> peaks = [];
            ProgressView.Show(run.Quiet, view =>
            {
                foreach (var (channels, size) in Chains)
                {
                    using var scope = NewDisposeScope();
                    using var onnx = onnxRuntime is null ? null : new OnnxRuntimeChain(onnxRuntime, channels, size, Layers, threads);
                    Entry[] entries =
                    [
                        Ours("INT8 direct", KernelKind.Direct, 255, 127), Ours("INT8 Winograd F(4,3)", KernelKind.Winograd4, 255, 127),
                        Ours("INT7 direct", KernelKind.Direct16, 63, 63), Ours("INT7 Winograd F(2,3)", KernelKind.Winograd, 63, 63),
                        Ours("INT7 Winograd F(4,3)", KernelKind.Winograd4, 63, 63),
                        new("libtorch FP32, nchw", null, Torch(channels, size, channelsLast: false)),
                        new("libtorch FP32, nhwc", null, Torch(channels, size, channelsLast: true)),
                        .. onnx is null ? [] : new[] { new Entry($"ONNX Runtime {onnx.Version} INT8", null, onnx.Run) },
                    ];
                    Entry Ours(string name, KernelKind kind, byte inputMax, sbyte weightMax) => new(
                        name, kind == KernelKind.Direct16 ? kind : KernelKind.Direct,
                        Chain(kind, set, channels, size, inputMax, weightMax, new Random((int)run.Seed), workers));
                    var peak = new Dictionary<KernelKind, double> { [KernelKind.Direct] = 0, [KernelKind.Direct16] = 0 };
                    Contest.Run(entries, count, (done, text) => view.Update(done, $"{channels}@{size}², {text}"), Ended, token);
                    void Ended()
                    {
                        foreach (var kind in peak.Keys) peak[kind] = Math.Max(peak[kind], IntegerPeak.Measure(kind, set, workers) / 1e9);
                    }
                    var rival = onnx is null ? null : entries[^1];
                    rows.AddRange(entries.Select(entry => Summary(entry, entries[0], rival, channels, size, threads, peak)));
                    peaks.Add(string.Create(
                        CultureInfo.InvariantCulture, $"{peak[KernelKind.Direct]:0} (INT8) and {peak[KernelKind.Direct16]:0} (INT7)"));
                }
                return 0;
            });
            Terminal.Write(parsed, ResultTable.Of(rows)
                .Column("Layers", r => r.Layers)
                .Column("Kernel", r => r.Kernel)
                .Column("Median", r => r.RunMs, "ms", "0.00")
                .Column("min", r => r.MinMs, "ms", "0.00")
                .Column("max", r => r.MaxMs, "ms", "0.00")
                .Column("GOP/s", r => r.Gops, null, "0")
                .Column("Of peak", r => r.ShareOfPeak, null, "0 %")
                .Column("INT8 direct / this", r => r.Speedup, "×", "0.00")
                .Column("ORT INT8 / this", r => r.SpeedupOverOnnx, "×", "0.00"));
            Terminal.Note(parsed, $"{Name(set)}, {threads} threads, {count} turns; peak in GOP/s: {string.Join("; ", peaks)}; {Machine.Line}");
            return CommandLine.Ok;
        });
    }

    static string Name(InstructionSet set) => set.ToString().ToLowerInvariant();

    static Row Summary(Entry entry, Entry int8, Entry? onnx, int channels, int size, int threads, Dictionary<KernelKind, double> peak)
    {
        double median = entry.Median, gops = 2.0 * Layers * 9 * channels * channels * size * size / median / 1e6;
        return new(
            $"{Layers} × {channels}@{size}²", entry.Name, median, entry.Times.Min(), entry.Times.Max(), gops,
            entry.Peak is { } kind ? gops / peak[kind] : null,
            Statistics.MedianRatio(int8.Times, entry.Times), onnx is null ? null : Statistics.MedianRatio(onnx.Times, entry.Times), threads,
            entry.Times.Count);
    }

    /// <summary>Layers of random weights, each reading the codes that the one before has written.</summary>
    static Func<double> Chain(
        KernelKind kind, InstructionSet set, int channels, int size, byte inputMax, sbyte weightMax, Random random, Workers workers)
    {
        var shape = new ConvolutionShape(channels, channels, 3, 3, Padding: 1);
        T[] Each<T>(T value) => [.. Enumerable.Repeat(value, channels)];
        var shift = (sbyte)(30 + (int)Math.Log2(Math.Sqrt(9 * channels) * weightMax / 2));
        var output = new Requantization(Each(1 << 30), Each(shift), Each((short)0), Zero: 0, Min: 0, Max: inputMax);
        sbyte[] Weights() => [.. Enumerable.Range(0, 9 * channels * channels).Select(_ => (sbyte)random.Next(-weightMax, weightMax + 1))];
        ConvolutionKernel[] kernels = [.. Enumerable.Range(0, Layers).Select(_ =>
            ConvolutionKernel.Compile(new(shape, Weights(), Each(0), output, inputMax, InputZero: 0), kind, set))];
        byte[] codes = [.. Enumerable.Range(0, channels * size * size).Select(_ => (byte)random.Next(inputMax + 1))];
        byte[] first = [.. codes], second = new byte[codes.Length];
        var scratch = new byte[kernels.Max(kernel => kernel.ScratchBytes(size, size, workers.Threads))];
        return () =>
        {
            codes.CopyTo(first, 0);
            var clock = Stopwatch.StartNew();
            for (int layer = 0; layer < Layers; layer++)
                kernels[layer].Run(layer % 2 == 0 ? first : second, size, size, layer % 2 == 0 ? second : first, scratch, workers);
            return clock.Elapsed.TotalMilliseconds;
        };
    }

    static Func<double> Torch(int channels, int size, bool channelsLast)
    {
        Tensor Random(int rows, int edge, double scale) => channelsLast
            ? (randn(rows, edge, edge, channels) * scale).permute(0, 3, 1, 2)
            : randn(rows, channels, edge, edge) * scale; // [rows, C, edge, edge]
        var (input, bias) = (Random(1, size, 1), zeros(channels));
        Tensor[] weights = [.. Enumerable.Range(0, Layers).Select(_ => Random(channels, 3, Math.Sqrt(2.0 / 9 / channels)))];
        return () =>
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            var clock = Stopwatch.StartNew();
            weights.Aggregate(input, (x, weight) => nn.functional.conv2d(x, weight, bias, padding: [1, 1]).relu_());
            return clock.Elapsed.TotalMilliseconds;
        };
    }
}
