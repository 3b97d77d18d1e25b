using System.Diagnostics;
using EfQat.Integer.Compilation;
using EfQat.Integer.Kernels;
using EfQat.Integer.Onnx;
using EfQat.Integer.Program;
using EfQat.PostTraining;
using EfQat.Quantization;

namespace EfQat.Cli.Commands;

/// <summary>A picture as the engines take it.</summary>
/// <param name="Nchw">Channel by channel. // [1, C, H, W]</param>
/// <param name="Nhwc">Channels last in memory. // [1, C, H, W]</param>
/// <param name="Pixels">For programs. // [H, W, C]</param>
sealed record Picture(Tensor Nchw, Tensor Nhwc, float[] Pixels)
{
    /// <summary>The middle of a larger one.</summary>
    public static Picture Of(Tensor image, int side)
    {
        long Margin(int dimension) => Math.Max(image.shape[dimension] - side, 0) / 2;
        var cut = image.narrow(2, Margin(2), Math.Min(side, image.shape[2])).narrow(3, Margin(3), Math.Min(side, image.shape[3]));
        var last = cut.permute(0, 2, 3, 1).contiguous();
        return new(cut.contiguous(), last.permute(0, 3, 1, 2), last.data<float>().ToArray());
    }
}

/// <summary>A network in one engine.</summary>
/// <param name="Name">The engine, the width, and how.</param>
/// <param name="Width">As <see cref="NetworkEngines"/> has them.</param>
/// <param name="Threads">It runs on.</param>
/// <param name="First">The picture that it is timed on.</param>
/// <param name="Answer">Runs a picture: milliseconds, and the class.</param>
/// <param name="IsOnnxRuntime">Otherwise it is ours, or libtorch.</param>
sealed record Engine(string Name, string Width, int Threads, Picture First, Func<Picture, (double Ms, int Class)> Answer, bool IsOnnxRuntime = false)
    : Entrant(() => Answer(First).Ms);

/// <summary>One network in every engine, with each number of threads: our integers, libtorch, and ONNX Runtime where it is installed.</summary>
sealed class NetworkEngines : IDisposable
{
    /// <summary>In full precision.</summary>
    public const string Fp32 = "FP32";

    /// <summary>As the kit quantizes by itself.</summary>
    public const string Int8 = "INT8";

    /// <summary>As EasyQuant's paper does.</summary>
    public const string Int7 = "INT7";

    /// <summary>The same but for codes behind a ReLU, which use all of their 7 bits.</summary>
    public const string Unsigned7 = "INT7, unsigned";

    /// <summary>As the kit quantizes by itself, weights of 7 bits: as many as add up in ONNX Runtime without saturation anywhere.</summary>
    public const string W7A8 = "W7A8";

    readonly List<IDisposable> owned = [];
    readonly List<Engine> engines = [];

    /// <param name="network">Where it comes from; it is quantized here, in each width.</param>
    /// <param name="pictures">The first is for timing.</param>
    /// <param name="threads">Numbers of threads.</param>
    /// <param name="modules">The node_modules folder that has onnxruntime-node; null: none.</param>
    /// <param name="folder">For the ONNX files.</param>
    /// <param name="say">Told what is being done.</param>
    public NetworkEngines(IntegerNetwork network, Picture[] pictures, int[] threads, string? modules, string folder, Action<string> say)
    {
        var first = pictures[0];
        using var off = no_grad();
        (Name, Pictures) = ($"{Path.GetFileNameWithoutExtension(network.Model)}, {first.Nchw.shape[3]}²", pictures);
        try
        {
            nn.Module<Tensor, Tensor> Quantized(string width, string scheme)
            {
                say($"calibrating {width}");
                return (network with { Scheme = scheme }).Quantized();
            }
            var int8 = Quantized(Int8, "W8A8");
            var paper = EasyQuantOptions.Paper.Scheme(7);
            var int7 = Quantized(Int7, $"{paper}");
            var unsigned7 = Quantized(Unsigned7, $"{paper with { SignedActivations = false }}");
            var w7a8 = Quantized(W7A8, "W7A8,first-last=7");
            var full = network.Float();
            BatchNormFolding.Fold(full, first.Nchw);
            (string, nn.Module<Tensor, Tensor>)[] ours = [(Int8, int8), (Int7, int7), (Unsigned7, unsigned7), (W7A8, w7a8)];
            foreach (var (width, model) in ours)
            {
                var program = IntegerCompiler.Compile(model, first.Nchw);
                foreach (int count in threads)
                {
                    say($"choosing kernels, {width}, {count} threads");
                    TimedProgram timed = new(Own(new IntegerSession(program, threads: count)));
                    Programs.Add((width, timed));
                    engines.Add(new($"integers, {width}", width, count, first, picture => timed.Run(picture.Pixels)));
                }
            }
            foreach (int count in threads)
            {
                Add("libtorch FP32, nchw", picture => picture.Nchw);
                Add("libtorch FP32, nhwc", picture => picture.Nhwc);
                void Add(string name, Func<Picture, Tensor> input) =>
                    engines.Add(new(name, Fp32, count, first, picture => Torch(full, input(picture), count)));
            }
            if (modules is null) return;
            say("loading ONNX Runtime");
            AddOnnx(Fp32, int8);
            AddOnnx(Int8, int8);
            if (OnnxRuntimeSession.Saturates) AddOnnx(Int8, int8, exact: true);
            AddOnnx(W7A8, w7a8);

            void AddOnnx(string width, nn.Module<Tensor, Tensor> model, bool exact = false)
            {
                string path = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(network.Model)}-{width}.onnx");
                OnnxFile.Save(OnnxExporter.Export(model, first.Nchw, quantized: width != Fp32), path);
                foreach (int count in threads)
                {
                    var session = Own(new OnnxRuntimeSession(path, threads: count, modules: modules, exact: exact));
                    string name = $"ONNX Runtime {session.Version} {width}{(exact ? ", exact" : "")}";
                    engines.Add(new(name, width, count, first, picture => Onnx(session, picture.Nchw), IsOnnxRuntime: true));
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The network and its size.</summary>
    public string Name { get; }

    public Picture[] Pictures { get; }

    /// <summary>Of each width and number of threads ours is the first (FP32: libtorch); ONNX Runtime's are the last.</summary>
    public IReadOnlyList<Engine> Engines => engines;

    /// <summary>Ours, each with each number of threads.</summary>
    public List<(string Width, TimedProgram Program)> Programs { get; } = [];

    public void Dispose() => owned.ForEach(engine => engine.Dispose());

    T Own<T>(T engine) where T : IDisposable
    {
        owned.Add(engine);
        return engine;
    }

    static (double, int) Torch(nn.Module<Tensor, Tensor> model, Tensor image, int threads)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        set_num_threads(threads);
        long start = Stopwatch.GetTimestamp();
        var logits = model.call(image);
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, (int)logits.argmax(1).item<long>());
    }

    static (double, int) Onnx(OnnxRuntimeSession session, Tensor image)
    {
        using var scope = NewDisposeScope();
        int answer = (int)session.Run(image).argmax(1).item<long>();
        return (session.Milliseconds, answer);
    }
}
