using System.CommandLine;
using System.Diagnostics;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Integer.Kernels;
using EfQat.Integer.Program;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat integer run</c>: a file of integers on a data set, beside the fake-quantized network and libtorch in FP32.</summary>
static class IntegerRunCommand
{
    const int Batch = 20;

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

    public static ExampleCommand Create()
    {
        var file = new Argument<string>("FILE") { Description = "What 'efqat integer compile' wrote" }.RefusingOptions();
        var data = new Option<string?>("--data") { Description = "Images with labels [default: the data set it was compiled with]" };
        var images = new Option<int>("--images") { Description = "So many images", DefaultValueFactory = _ => 1000 }.AtLeast(1);
        var turns = new Option<int>("--turns") { Description = "Timed runs of each engine, taking turns", DefaultValueFactory = _ => 30 }.AtLeast(1);
        var kernel = new Option<string>("--kernel") { Description = "For all convolutions that it can compute; auto: the fastest for each, as measured here", DefaultValueFactory = _ => "auto" }
            .AcceptOnlyFromAmong("auto", "direct", "direct16", "winograd", "winograd4", "specification");
        var exact = new Option<bool>("--float64")
        {
            Description = "Also how often the fake-quantized network in 64-bit floats gives another answer than in 32-bit ones: as often may integers (slow)",
        };
        var command = new ExampleCommand(
            "run", "Top-1, agreement with the fake-quantized network, and latency beside libtorch's in FP32, with one thread and with --threads",
            "efqat integer run runs/int8.safetensors --data fashion-mnist", "efqat integer run runs/int8.safetensors --kernel winograd --threads 2 --json run.json")
        {
            file, data, images, turns, kernel, exact,
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
                TimedProgram[] programs = [.. sessions.Select(session => new TimedProgram(session))];
                var (rows, accuracy) = ProgressView.Show(run.Quiet, view =>
                {
                    var accuracy = Answers(network, full, program, programs[^1], parsed.GetValue(images), parsed.GetValue(exact), view, token);
                    return (Rows(choice, accuracy, programs, Time(network, full, programs, parsed.GetValue(turns), view, token)), accuracy);
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
                if (accuracy.Exact is { } same)
                    Terminal.Note(parsed, $"the fake-quantized network in 64-bit floats answers like itself in 32-bit floats on {same.Float:0.00} %, like the integers on {same.Integer:0.00} %");
                Terminal.Show(parsed, $"Step by step, {threads[^1]} threads", TimedProgram.Table(programs[^1].Steps()));
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
    /// <param name="Exact">The same as fake-quantized in 64-bit floats: fake-quantized in 32-bit floats, and on integers.</param>
    sealed record Accuracy(double FloatTop1, double IntegerTop1, double Agreement, (double Float, double Integer)? Exact);

    static Accuracy Answers(
        IntegerNetwork network, nn.Module<Tensor, Tensor> full, IntegerProgram program, TimedProgram timed, int images, bool exact, IProgressView view,
        CancellationToken token)
    {
        view.Update(0, "calibrating the fake-quantized network");
        var quantized = network.Quantized();
        var wide = exact ? network.Quantized().to(float64) : null;
        var test = network.Test(images, Batch);
        int size = program.Shapes[0].Count, seen = 0;
        double floats = 0, integers = 0, same = 0, floatAsExact = 0, integerAsExact = 0;
        foreach (var batch in test.Epoch())
        {
            using var scope = NewDisposeScope();
            token.ThrowIfCancellationRequested();
            long[] Best(nn.Module<Tensor, Tensor> model, Tensor pictures) => model.call(pictures).argmax(1).data<long>().ToArray();
            long[] labels = batch.Labels.data<long>().ToArray(), fp32 = Best(full, batch.Images), fake = Best(quantized, batch.Images);
            var best = wide is null ? null : Best(wide, batch.Images.to(float64));
            float[] pixels = Pixels(batch.Images);
            for (int i = 0; i < labels.Length; i++)
            {
                int answer = timed.Run(pixels.AsSpan(i * size, size)).Class;
                if (fp32[i] == labels[i]) floats++;
                if (answer == labels[i]) integers++;
                if (answer == fake[i]) same++;
                if (fake[i] == best?[i]) floatAsExact++;
                if (answer == best?[i]) integerAsExact++;
            }
            seen += labels.Length;
            view.Update(0.8 * seen / test.Count, $"image {seen}/{test.Count}");
        }
        double Percent(double count) => 100 * count / seen;
        return new(Percent(floats), Percent(integers), Percent(same), exact ? (Percent(floatAsExact), Percent(integerAsExact)) : null);
    }

    /// <summary>Of each thread count FP32 and integers.</summary>
    static Entrant[] Time(
        IntegerNetwork network, nn.Module<Tensor, Tensor> full, TimedProgram[] programs, int turns, IProgressView view, CancellationToken token)
    {
        var image = network.Test(1, 1).Epoch().First().Images;
        float[] pixels = Pixels(image);
        int before = get_num_threads();
        Entrant[] entrants =
        [
            .. programs.SelectMany(program => (Entrant[])
            [
                new(() =>
                {
                    using var scope = NewDisposeScope();
                    set_num_threads(program.Threads);
                    long start = Stopwatch.GetTimestamp();
                    full.call(image);
                    return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }),
                new(() => program.Run(pixels).Ms),
            ]),
        ];
        Contest.Run(
            entrants, turns, (done, text) => view.Update(0.8 + 0.2 * done, text), () => Array.ForEach(programs, program => program.Keep()), token);
        set_num_threads(before);
        return entrants;
    }

    static Row[] Rows(string kernel, Accuracy accuracy, TimedProgram[] programs, Entrant[] entrants)
    {
        Row Of(string engine, int i, double top1, double? agreement) => new(
            engine, programs[i / 2].Threads, top1, agreement, entrants[i].Median, entrants[i].Times.Min(), 1e3 / entrants[i].Median,
            Statistics.MedianRatio(entrants[i / 2 * 2].Times, entrants[i].Times));
        return
        [
            .. programs.SelectMany((_, i) => (Row[])
            [
                Of("libtorch FP32", 2 * i, accuracy.FloatTop1, null), Of($"integers, {kernel}", 2 * i + 1, accuracy.IntegerTop1, accuracy.Agreement),
            ]),
        ];
    }

    static float[] Pixels(Tensor images) => images.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
}
