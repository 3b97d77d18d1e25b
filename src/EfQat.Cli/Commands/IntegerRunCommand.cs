using System.CommandLine;
using System.Diagnostics;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Integer.Kernels;
using EfQat.Integer.Program;
using EfQat.Training;
using Convolution = EfQat.Integer.Program.Convolution;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat integer run</c>: a file of integers on a data set, beside the fake-quantized network and libtorch in FP32.</summary>
static class IntegerRunCommand
{
    const int Batch = 20, WarmUp = 3;

    /// <summary>One row of the result.</summary>
    /// <param name="Engine">Integers with a choice of kernel, or libtorch.</param>
    /// <param name="Threads">Of each convolution.</param>
    /// <param name="Top1">In percent.</param>
    /// <param name="Agreement">Images whose highest logit is the fake-quantized network's, in percent; null for FP32.</param>
    /// <param name="MedianMs">Latency of one image.</param>
    /// <param name="MinMs">Fastest.</param>
    /// <param name="ImagesPerSecond">One after another.</param>
    /// <param name="Speedup">libtorch's latency with as many threads over this one: the median of the ratios turn by turn.</param>
    sealed record Row(string Engine, int Threads, double Top1, double? Agreement, double MedianMs, double MinMs, double ImagesPerSecond, double Speedup);

    /// <summary>One step of the program.</summary>
    /// <param name="Name">Of the step.</param>
    /// <param name="Kind">What it does.</param>
    /// <param name="Size">Of its result.</param>
    /// <param name="Kernel">Of a convolution.</param>
    /// <param name="Ms">Median.</param>
    /// <param name="GopPerSecond">Of a convolution: two for a multiply-add.</param>
    sealed record StepRow(string Name, string Kind, string Size, string Kernel, double Ms, double? GopPerSecond);

    public static ExampleCommand Create()
    {
        var file = new Argument<string>("FILE") { Description = "What 'efqat integer compile' wrote" }.RefusingOptions();
        var data = new Option<string?>("--data") { Description = "Images with labels [default: the data set it was compiled with]" };
        var images = new Option<int>("--images") { Description = "So many images", DefaultValueFactory = _ => 1000 }.AtLeast(1);
        var turns = new Option<int>("--turns") { Description = "Timed runs of each engine, taking turns", DefaultValueFactory = _ => 30 }.AtLeast(1);
        var kernel = new Option<string>("--kernel") { Description = "For all convolutions that it can compute; auto: the fastest for each, as measured here", DefaultValueFactory = _ => "auto" }
            .AcceptOnlyFromAmong("auto", "direct", "direct16", "winograd", "winograd4", "specification");
        var command = new ExampleCommand(
            "run", "Top-1, agreement with the fake-quantized network, and latency beside libtorch's in FP32, with one thread and with --threads",
            "efqat integer run runs/int8.safetensors --data fashion-mnist", "efqat integer run runs/int8.safetensors --kernel winograd --threads 2 --json run.json")
        {
            file, data, images, turns, kernel,
        };
        RunOptions.AddTo(command, folder: false);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            string path = parsed.GetValue(file)!, choice = parsed.GetValue(kernel)!;
            var program = ProgramFile.Load(path);
            var network = IntegerNetwork.Of(program, path);
            if (parsed.GetValue(data) is { } other) network = network with { Data = other };
            KernelKind? kind = choice == "auto" ? null : Enum.Parse<KernelKind>(choice, ignoreCase: true);
            int[] threads = [.. new[] { 1, get_num_threads() }.Distinct()];
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var full = network.Float();
            full.eval();
            var sessions = threads.Select(count => new IntegerSession(program, kind, count)).ToArray();
            try
            {
                var (rows, steps) = ProgressView.Show(run.Quiet, view =>
                {
                    var answers = Answers(network, full, sessions[^1], parsed.GetValue(images), view, token);
                    var (times, stepTimes) = Time(network, full, sessions, parsed.GetValue(turns), view, token);
                    return (Rows(threads, choice, answers, times), Steps(sessions[^1], stepTimes));
                });
                Terminal.Write(parsed, ResultTable.Of(rows)
                    .Column("Engine", r => r.Engine)
                    .Column("Threads", r => r.Threads)
                    .Column("Top-1", r => r.Top1, "%", "0.00")
                    .Column("As fake-quantized", r => r.Agreement, "%", "0.00")
                    .Column("Latency", r => r.MedianMs, "ms", "0.000")
                    .Column("min", r => r.MinMs, "ms", "0.000")
                    .Column("Images", r => r.ImagesPerSecond, "1/s", "0")
                    .Column("FP32 / this", r => r.Speedup, "×", "0.00"));
                Terminal.Show(parsed, $"Step by step, {threads[^1]} threads", ResultTable.Of(steps)
                    .Column("Step", r => r.Name)
                    .Column("Kind", r => r.Kind)
                    .Column("Result", r => r.Size)
                    .Column("Kernel", r => r.Kernel)
                    .Column("Time", r => r.Ms, "ms", "0.0000")
                    .Column("Speed", r => r.GopPerSecond, "GOP/s", "0.0"));
                Terminal.Note(parsed, $"{network.Model}, {network.Scheme}, {network.Data}; medians of {parsed.GetValue(turns)} turns; {Machine.Line}");
            }
            finally
            {
                foreach (var session in sessions) session.Dispose();
            }
            return CommandLine.Ok;
        });
    }

    /// <summary>Percent of the images.</summary>
    /// <param name="FloatTop1">Right in FP32.</param>
    /// <param name="IntegerTop1">Right on integers.</param>
    /// <param name="Agreement">The same on integers and fake-quantized.</param>
    sealed record Accuracy(double FloatTop1, double IntegerTop1, double Agreement);

    static Accuracy Answers(
        IntegerNetwork network, nn.Module<Tensor, Tensor> full, IntegerSession session, int images, IProgressView view, CancellationToken token)
    {
        view.Update(0, "calibrating the fake-quantized network");
        var quantized = network.Quantized();
        var test = network.Test(images, Batch);
        var logits = new float[session.Program.Classes];
        int size = session.Program.Shapes[0].Count, seen = 0;
        double floats = 0, integers = 0, same = 0;
        foreach (var batch in test.Epoch())
        {
            using var scope = NewDisposeScope();
            token.ThrowIfCancellationRequested();
            long[] Best(nn.Module<Tensor, Tensor> model) => model.call(batch.Images).argmax(1).data<long>().ToArray();
            long[] labels = batch.Labels.data<long>().ToArray(), fp32 = Best(full), fake = Best(quantized);
            float[] pixels = Pixels(batch.Images);
            for (int i = 0; i < labels.Length; i++)
            {
                session.Run(pixels.AsSpan(i * size, size), logits);
                int answer = Array.IndexOf(logits, logits.Max());
                if (fp32[i] == labels[i]) floats++;
                if (answer == labels[i]) integers++;
                if (answer == fake[i]) same++;
            }
            seen += labels.Length;
            view.Update(0.8 * seen / test.Count, $"image {seen}/{test.Count}");
        }
        return new(100 * floats / seen, 100 * integers / seen, 100 * same / seen);
    }

    /// <summary>Milliseconds: of each thread count's FP32 and integers, turn by turn, and of each step, turn by turn.</summary>
    static (List<double>[] Engines, List<double[]> Steps) Time(
        IntegerNetwork network, nn.Module<Tensor, Tensor> full, IntegerSession[] sessions, int turns, IProgressView view, CancellationToken token)
    {
        var image = network.Test(1, 1).Epoch().First().Images;
        float[] pixels = Pixels(image), logits = new float[sessions[0].Program.Classes];
        var ticks = new long[sessions[0].Program.Steps.Count];
        int before = get_num_threads();
        Action[] engines =
        [
            .. sessions.SelectMany(session => (Action[])
            [
                () =>
                {
                    using var scope = NewDisposeScope();
                    full.call(image);
                },
                () => session.Run(pixels, logits, ticks),
            ]),
        ];
        var times = engines.Select(_ => new List<double>()).ToArray();
        List<double[]> steps = [];
        for (int turn = -WarmUp; turn < turns; turn++)
        {
            token.ThrowIfCancellationRequested();
            for (int i = 0; i < engines.Length; i++)
            {
                set_num_threads(sessions[i / 2].Threads);
                engines[i](); // caches and sleeping threads of the one before
                long start = Stopwatch.GetTimestamp();
                engines[i]();
                if (turn >= 0) times[i].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            if (turn >= 0) steps.Add([.. ticks.Select(count => 1e3 * count / Stopwatch.Frequency)]);
            view.Update(0.8 + 0.2 * (turn + WarmUp + 1) / (turns + WarmUp), $"turn {turn + WarmUp + 1}/{turns + WarmUp}");
        }
        set_num_threads(before);
        return (times, steps);
    }

    static Row[] Rows(int[] threads, string kernel, Accuracy accuracy, List<double>[] times)
    {
        Row Of(string engine, int i, double top1, double? agreement) => new(
            engine, threads[i / 2], top1, agreement, Statistics.Median(times[i]), times[i].Min(), 1e3 / Statistics.Median(times[i]),
            Statistics.MedianRatio(times[i / 2 * 2], times[i]));
        return
        [
            .. threads.SelectMany((_, i) => (Row[])
            [
                Of("libtorch FP32", 2 * i, accuracy.FloatTop1, null), Of($"integers, {kernel}", 2 * i + 1, accuracy.IntegerTop1, accuracy.Agreement),
            ]),
        ];
    }

    static StepRow[] Steps(IntegerSession session, List<double[]> times) =>
    [
        .. session.Program.Steps.Select((step, i) =>
        {
            double ms = Statistics.Median(times.Select(turn => turn[i]));
            var output = session.Program.Shapes[i];
            double? work = step is Convolution { Layer: var layer } ? 2.0 * output.Height * output.Width * layer.Weights.Length / 1e6 : null;
            return new StepRow(step.Name, step.GetType().Name, $"{output}", session.Kernels[i]?.Kind.ToString() ?? "", ms, work / ms);
        }),
    ];

    static float[] Pixels(Tensor images) => images.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
}
