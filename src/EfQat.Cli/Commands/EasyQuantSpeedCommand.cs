using System.CommandLine;
using System.Globalization;
using EfQat.Cli.Experiments;
using EfQat.Cli.Progress;
using EfQat.Diagnosis;
using EfQat.Display;
using EfQat.Integer.Kernels;
using EfQat.Integer.Onnx;
using EfQat.Training;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat reproduce easyquant-speed</c>: whole networks on integers against libtorch and ONNX Runtime.</summary>
static class EasyQuantSpeedCommand
{
    const string DefaultOut = "runs/easyquant-speed";

    /// <summary>What classifiers of ImageNet are compared at.</summary>
    const int Side = 224;

    /// <summary>One row of the result.</summary>
    /// <param name="Network">And the picture's size.</param>
    /// <param name="Engine">Whose, and the width.</param>
    /// <param name="Threads">It ran on.</param>
    /// <param name="MedianMs">Of one picture.</param>
    /// <param name="MinMs">Fastest.</param>
    /// <param name="MaxMs">Slowest.</param>
    /// <param name="PicturesPerSecond">At the median.</param>
    /// <param name="Gops">10⁹ operations in a second at the median, two for a multiply-add of convolutions and linear layers, saved or not.</param>
    /// <param name="ShareOfPeak">Of the machine's integer peak; null for full precision.</param>
    /// <param name="Speedup">The time of ONNX Runtime's INT8, as it runs by default, over this one's: the median of the ratios turn by turn.</param>
    /// <param name="SpeedupExact">The same for ONNX Runtime's W7A8, which never saturates.</param>
    /// <param name="AsFp32">Pictures with the class that libtorch answers in FP32, in percent.</param>
    /// <param name="AsIntegers">Pictures with the class that our integers of this width answer, in percent; null for full precision.</param>
    /// <param name="Turns">How many were timed.</param>
    internal sealed record Row(
        string Network, string Engine, int Threads, double MedianMs, double MinMs, double MaxMs, double PicturesPerSecond, double Gops,
        double? ShareOfPeak, double? Speedup, double? SpeedupExact, double AsFp32, double? AsIntegers, int Turns);

    /// <summary>The steps of a network's program.</summary>
    internal sealed record StepTimes(string Network, string Width, int Threads, StepRow[] Steps);

    public static ExampleCommand Create()
    {
        var model = new Option<string>("--model") { Description = "resnet20, resnet32, resnet44 or resnet56", DefaultValueFactory = _ => "resnet20" };
        var weights = new Option<string?>(EfQatExperiment.Weights)
        {
            Description = "Its full-precision weights [default: ours for the data set]", HelpName = "FILE",
        };
        var data = new Option<string>("--data") { Description = "Its data set", DefaultValueFactory = _ => "fashion-mnist" };
        var ncnn = new Option<string?>("--ncnn")
        {
            Description = "Also the network of a .param file of ncnn, such as SqueezeNet 1.1, at 224²", HelpName = "FILE",
        };
        var pictures = new Option<string?>("--pictures") { Description = "For --ncnn: a .tar of pictures in CLASS/NAME.JPEG", HelpName = "FILE" };
        var turns = new Option<int>("--turns") { Description = "Timed runs of each engine", DefaultValueFactory = _ => 30 }.AtLeast(1);
        var images = new Option<int>("--images")
        {
            Description = "Pictures whose classes are compared, none of those calibrated on", DefaultValueFactory = _ => 50,
        }.AtLeast(1);
        var samples = new Option<int>("--samples") { Description = "Pictures to calibrate on", DefaultValueFactory = _ => 50 }.AtLeast(1);
        var modules = OnnxRuntimeOption.Create();
        var quick = new Option<bool>("--quick") { Description = "3 turns, 5 pictures: half a minute" };
        var command = new ExampleCommand(
            "easyquant-speed",
            "Whole networks, one picture at a time: our integer programs in INT8, INT7 and W7A8, libtorch in FP32, ONNX Runtime in FP32, INT8 and "
            + "W7A8, taking turns with one thread and with --threads. Where its INT8 saturates by default (x86 without VNNI) its exact mode runs "
            + "too. Scales come from calibration alone: a search of them changes no time.",
            "efqat reproduce easyquant-speed --quick",
            "efqat reproduce easyquant-speed --ncnn squeezenet_v1.1.param --pictures imagenet-sample-1000.tar --threads 2")
        {
            model, weights, data, ncnn, pictures, turns, images, samples, modules, quick,
        };
        RunOptions.AddTo(command);
        return command.Does((parsed, token) =>
        {
            var run = RunOptions.Read(parsed);
            if (run.Device.type != DeviceType.CPU) throw new UserError("--device cuda: integer kernels run on the CPU only; use --device cpu");
            string folder = run.Out ?? DefaultOut, name = parsed.GetValue(model)!, source = parsed.GetValue(data)!;
            var (count, compared) = parsed.GetValue(quick) ? (3, 5) : (parsed.GetValue(turns), parsed.GetValue(images));
            IntegerNetwork Network(string model, string weights, string data) =>
                new(model, weights, data, "", parsed.GetValue(samples), run.Seed, EasyQuant: false);
            List<IntegerNetwork> networks = [Network(name, parsed.GetValue(weights) ?? IntegerNetwork.DefaultWeights(name, source), source)];
            if (parsed.GetValue(ncnn) is { } param)
                networks.Add(Network(
                    param, "", parsed.GetValue(pictures) ?? throw new UserError("--ncnn: needs pictures to calibrate on; name a .tar with --pictures")));
            string? onnxRuntime = OnnxRuntimeOption.Folder(parsed, modules);
            int threads = get_num_threads();
            using var peaks = new Peaks([.. new[] { 1, threads }.Distinct()]);
            List<Row> rows = [];
            List<StepTimes> programs = [];
            ProgressView.Show(run.Quiet, view =>
            {
                foreach (var (network, i) in networks.Select((network, i) => (network, i)))
                {
                    using var scope = NewDisposeScope();
                    void Say(double done, string text) => view.Update((i + done) / networks.Count, $"{Path.GetFileNameWithoutExtension(network.Model)}: {text}");
                    Picture[] shown = [.. network.Unseen(compared).Epoch().Select(batch => Picture.Of(batch.Images, Side))];
                    using var engines = new NetworkEngines(network, shown, peaks.Threads, onnxRuntime, folder, text => Say(0, text));
                    var answers = Answers(engines, text => Say(0.3, text), token);
                    Contest.Run(engines.Engines, count, (done, text) => Say(0.5 + 0.5 * done, text), Ended, token);
                    rows.AddRange(engines.Engines.Select(engine => Summary(engines, engine, answers, peaks)));
                    programs.AddRange(engines.Programs.Select(ours =>
                        new StepTimes(engines.Name, ours.Width, ours.Program.Threads, ours.Program.Steps())));

                    void Ended()
                    {
                        engines.Programs.ForEach(ours => ours.Program.Keep());
                        peaks.Measure();
                    }
                }
                return 0;
            });
            set_num_threads(threads);
            var table = EasyQuantSpeedReport.Table(rows);
            Terminal.Write(parsed, table);
            foreach (var program in programs.Where(program => program.Threads == threads))
                Terminal.Show(parsed, EasyQuantSpeedReport.Title(program), TimedProgram.Table(program.Steps));
            Terminal.Note(parsed, $"medians of {count} turns; integer peak: {peaks}; {Machine.Line}");
            if (onnxRuntime is not null && OnnxRuntimeSession.Saturates) Terminal.Note(parsed, EasyQuantSpeedReport.Saturates);
            EasyQuantSpeedReport.Of(table, rows, programs, peaks.ToString()).Save(Path.Combine(folder, "report.html"));
            foreach (var (network, chart) in EasyQuantSpeedReport.Charts(rows))
                WholeFile.Write(Path.Combine(folder, $"speed-{network.Split(',')[0]}.svg"), chart.ToSvg());
            Terminal.Note(parsed, $"report: {Path.Combine(folder, "report.html")}");
            return CommandLine.Ok;
        });
    }

    /// <summary>The classes of the pictures by engine, for the number of threads does not change an answer.</summary>
    static Dictionary<string, int[]> Answers(NetworkEngines engines, Action<string> say, CancellationToken token) =>
        engines.Engines.DistinctBy(engine => engine.Name).ToDictionary(engine => engine.Name, engine =>
        {
            say($"{engine.Name} on {engines.Pictures.Length} pictures");
            return engines.Pictures.Select(picture =>
            {
                token.ThrowIfCancellationRequested();
                return engine.Answer(picture).Class;
            }).ToArray();
        });

    static Row Summary(NetworkEngines engines, Engine engine, Dictionary<string, int[]> answers, Peaks peaks)
    {
        double median = engine.Median, gops = 1e3 * engines.Programs[0].Program.GigaOperations / median;
        bool quantized = engine.Width != NetworkEngines.Fp32;
        Engine[] onnx = [.. engines.Engines.Where(other => other.Threads == engine.Threads && other.IsOnnxRuntime)];
        double? Speedup(Engine? other) => other is null ? null : Statistics.MedianRatio(other.Times, engine.Times);
        double As(string width)
        {
            int[] ours = answers[engines.Engines.First(other => other.Width == width).Name];
            return 100.0 * answers[engine.Name].Zip(ours).Count(both => both.First == both.Second) / ours.Length;
        }
        return new(
            engines.Name, engine.Name, engine.Threads, median, engine.Times.Min(), engine.Times.Max(), 1e3 / median, gops,
            quantized ? gops / peaks.Gops(engine.Threads) : null, Speedup(onnx.FirstOrDefault(other => other.Width == NetworkEngines.Int8)),
            Speedup(onnx.LastOrDefault()), As(NetworkEngines.Fp32), quantized ? As(engine.Width) : null,
            engine.Times.Count);
    }

    /// <summary>The most that integer multiply-adds, of any kind, do in registers alone.</summary>
    sealed class Peaks(int[] threads) : IDisposable
    {
        readonly Workers[] workers = [.. threads.Select(count => new Workers(count))];
        readonly double[] best = new double[threads.Length];

        public int[] Threads => threads;

        public double Gops(int count) => best[Array.IndexOf(threads, count)];

        public void Measure()
        {
            for (int i = 0; i < threads.Length; i++)
                best[i] = (
                    from kind in (KernelKind[])[KernelKind.Direct, KernelKind.Direct16]
                    select IntegerPeak.Measure(kind, InstructionSets.Best, workers[i]) / 1e9).Append(best[i]).Max();
        }

        public void Dispose() => Array.ForEach(workers, each => each.Dispose());

        public override string ToString() => string.Join(
            ", ", threads.Zip(best, (count, gops) => string.Create(CultureInfo.InvariantCulture, $"{gops:0} GOP/s with {count} threads")));
    }
}
