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
/// <param name="Name">The engine, and the width.</param>
/// <param name="Threads">It runs on.</param>
/// <param name="Quantized">False: in full precision.</param>
/// <param name="First">The picture that it is timed on.</param>
/// <param name="Answer">Runs a picture: milliseconds, and the class.</param>
sealed record Engine(string Name, int Threads, bool Quantized, Picture First, Func<Picture, (double Ms, int Class)> Answer)
    : Entrant(() => Answer(First).Ms);

/// <summary>One network in every engine, with each number of threads: our integers, libtorch, and ONNX Runtime where it is installed.</summary>
sealed class NetworkEngines : IDisposable
{
    readonly List<IDisposable> owned = [];
    readonly List<Engine> engines = [];

    /// <param name="network">Where it comes from; it is quantized here, INT8 as the kit does by itself and INT7 as EasyQuant's paper does.</param>
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
            say("calibrating INT8");
            var int8 = (network with { Scheme = "W8A8" }).Quantized();
            say("calibrating INT7");
            var int7 = (network with { Scheme = EasyQuantOptions.Paper.Scheme(7).ToString() }).Quantized();
            var full = network.Float();
            BatchNormFolding.Fold(full, first.Nchw);
            foreach (var (width, model) in (((string, nn.Module<Tensor, Tensor>)[])[("INT8", int8), ("INT7", int7)]))
            {
                var program = IntegerCompiler.Compile(model, first.Nchw);
                foreach (int count in threads)
                {
                    say($"choosing kernels, {width}, {count} threads");
                    TimedProgram timed = new(Own(new IntegerSession(program, threads: count)));
                    Programs.Add((width, timed));
                    engines.Add(new($"integers, {width}", count, true, first, picture => timed.Run(picture.Pixels)));
                }
            }
            foreach (int count in threads)
            {
                Add("libtorch FP32, nchw", picture => picture.Nchw);
                Add("libtorch FP32, nhwc", picture => picture.Nhwc);
                void Add(string name, Func<Picture, Tensor> input) =>
                    engines.Add(new(name, count, false, first, picture => Torch(full, input(picture), count)));
            }
            if (modules is null) return;
            say("loading ONNX Runtime");
            foreach (bool quantized in (bool[])[false, true])
            {
                string width = quantized ? "INT8" : "FP32";
                string path = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(network.Model)}-{width}.onnx");
                OnnxFile.Save(OnnxExporter.Export(int8, first.Nchw, quantized: quantized), path);
                foreach (int count in threads)
                {
                    var session = Own(new OnnxRuntimeSession(path, threads: count, modules: modules));
                    Engine engine = new($"ONNX Runtime {session.Version} {width}", count, quantized, first, picture => Onnx(session, picture.Nchw));
                    engines.Add(engine);
                    if (quantized) Reference[count] = engine;
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

    public IReadOnlyList<Engine> Engines => engines;

    /// <summary>ONNX Runtime in INT8, for each number of threads.</summary>
    public Dictionary<int, Engine> Reference { get; } = [];

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
