using System.CommandLine;
using System.Diagnostics;
using EfQat.Cli.Progress;
using EfQat.Datasets;
using EfQat.Display;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat bench step</c>: whole training steps of ours against PyTorch's, two processes taking turns.</summary>
static class BenchStepCommand
{
    const int WarmUp = 3;

    /// <summary>Idle OpenMP threads wait by spinning, for about 15 ms: let them fall asleep before the other process has its turn.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>One row of the result.</summary>
    /// <param name="Step">Whose, and what.</param>
    /// <param name="StepMs">Median of forward, loss, backward and optimizer together.</param>
    /// <param name="MinMs">Fastest.</param>
    /// <param name="MaxMs">Slowest.</param>
    /// <param name="RatioToPytorch">To PyTorch's step of the same kind in its faster memory format: the median of the ratios turn by turn.</param>
    /// <param name="Libtorch">Its version.</param>
    /// <param name="Threads">Of libtorch.</param>
    /// <param name="Batch">Images.</param>
    /// <param name="Steps">How many were timed.</param>
    sealed record Row(
        string Step, double StepMs, double MinMs, double MaxMs, double? RatioToPytorch, string Libtorch, int Threads, int Batch, int Steps);

    /// <summary>One step that takes its turns.</summary>
    sealed record Entry(string Name, bool Quantized, string Libtorch, bool IsPyTorch, Func<double> Step)
    {
        public List<double> Times { get; } = [];

        public double Median => Statistics.Median(Times);
    }

    public static ExampleCommand Create()
    {
        var bits = new Option<string>("--bits") { Description = "Bits of weights and activations of our QAT; torch.ao's are W8A8", DefaultValueFactory = _ => "W8A8" };
        var batch = new Option<int>("--batch") { Description = "Images in a batch", DefaultValueFactory = _ => 128 };
        var steps = new Option<int>("--steps") { Description = "Timed steps of each", DefaultValueFactory = _ => 30 };
        var python = new Option<string?>("--python") { Description = "The python3 that has torch [default: /usr/bin/python3 or the PATH's]", HelpName = "FILE" };
        var command = new ExampleCommand(
            "step",
            "Whole training steps of ResNet-20 on Fashion-MNIST, FP32 and QAT: ours against PyTorch's and torch.ao.quantization's, taking turns on the "
            + "CPU with the same threads. Our allocator, which keeps freed blocks and asks for huge pages, is part of what is measured.",
            "efqat bench step", "efqat bench step --steps 50 --threads 2 --json step.json")
        {
            bits, batch, steps, python,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            if (run.Device.type != DeviceType.CPU)
                throw new UserError("--device cuda: steps are compared on the CPU only; use --device cpu");
            var scheme = Scheme.Parse(parsed.GetValue(bits)!);
            var (size, count, threads) = (parsed.GetValue(batch), parsed.GetValue(steps), get_num_threads());
            using var scope = NewDisposeScope();
            var data = new BatchLoader(FashionMnist.Load("test"), size, shuffle: true, seed: run.Seed).Epoch().First();

            var interpreter = parsed.GetValue(python) ?? PyTorchSteps.Find();
            if (interpreter is null)
                parsed.InvocationConfiguration.Error.WriteLine("note: no python3 here has torch, so only our own steps are measured; name one with --python");
            using var pytorch = interpreter is null ? null : new PyTorchSteps(interpreter, threads, size);
            List<Entry> entries =
            [
                new("FP32", false, __version__, false, Own(run.Seed, data, null)),
                .. PyTorch("PyTorch FP32", false, "fp32"),
                new($"QAT {scheme}", true, __version__, false, Own(run.Seed, data, scheme)),
                .. PyTorch("torch.ao QAT W8A8", true, "qat"),
            ];
            IEnumerable<Entry> PyTorch(string name, bool quantized, string variant) => pytorch is null ? [] :
                ((string[])["nchw", "nhwc"]).Select(format => new Entry($"{name}, {format}", quantized, pytorch.TorchVersion, true,
                    () => pytorch.Step($"{variant}-{format}")));

            ProgressView.Show(run.Quiet, view =>
            {
                for (int turn = -WarmUp; turn < count; turn++)
                {
                    foreach (var entry in entries)
                    {
                        token.ThrowIfCancellationRequested();
                        Thread.Sleep(Pause);
                        var time = entry.Step();
                        if (turn >= 0) entry.Times.Add(time);
                    }
                    view.Update((turn + WarmUp + 1.0) / (count + WarmUp), $"turn {turn + WarmUp + 1}/{count + WarmUp}");
                }
                return 0;
            });
            Terminal.Write(parsed, ResultTable.Of(entries.Select(entry => new Row(
                    entry.Name, entry.Median, entry.Times.Min(), entry.Times.Max(),
                    entries.Where(other => other.IsPyTorch && other.Quantized == entry.Quantized).MinBy(other => other.Median) is { } fastest
                        ? Statistics.MedianRatio(entry.Times, fastest.Times) : null,
                    entry.Libtorch, threads, size, count)))
                .Column("Step", r => r.Step)
                .Column("Median", r => r.StepMs, "ms", "0.0")
                .Column("min", r => r.MinMs, "ms", "0.0")
                .Column("max", r => r.MaxMs, "ms", "0.0")
                .Column("this / PyTorch", r => r.RatioToPytorch, "×", "0.00")
                .Column("libtorch", r => r.Libtorch)
                .Column("Threads", r => r.Threads));
            return CommandLine.Ok;
        });
    }

    /// <summary>Our own step; with a scheme, of QAT. The clock runs from choosing rows to freeing the last tensor.</summary>
    static Func<double> Own(long seed, Batch data, Scheme? scheme)
    {
        manual_seed(seed);
        var model = ResNet.Create("resnet20", 1, 10);
        if (scheme is not null)
        {
            Quantize.Prepare(model, scheme);
            Quantize.Calibrate(model, scheme, [data]);
        }
        var timer = new StepTimer(model, scheme is null ? new Fp32Update(model, 1e-3) : new EfQatUpdate(model, new EfQatOptions(Ratio: 1)), data);
        return () =>
        {
            var clock = Stopwatch.StartNew();
            timer.Step();
            return clock.Elapsed.TotalMilliseconds;
        };
    }
}
