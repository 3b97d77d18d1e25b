using System.Globalization;
using EfQat.Integer.Onnx;

namespace EfQat.Cli;

/// <summary>ONNX Runtime's quantized convolutions (tests/Benchmarks/onnx_chain.js), run one chain at a time.</summary>
sealed class OnnxRuntimeChain : IDisposable
{
    readonly OnnxRuntimeNode node;

    /// <summary>Starts it and waits until the model is loaded.</summary>
    /// <param name="modules">The node_modules folder that has onnxruntime-node.</param>
    /// <param name="channels">Of every layer.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="layers">One after another.</param>
    /// <param name="threads">Of ONNX Runtime.</param>
    /// <exception cref="UserError">It cannot be started, or fails.</exception>
    public OnnxRuntimeChain(string modules, int channels, int size, int layers, int threads)
    {
        using var script = new StreamReader(typeof(OnnxRuntimeChain).Assembly.GetManifestResourceStream("onnx_chain.js")!);
        node = new(modules, script.ReadToEnd(), $"{channels}", $"{size}", $"{layers}", $"{threads}");
    }

    /// <summary>Of ONNX Runtime.</summary>
    public string Version => node.Version;

    /// <summary>Runs the chain once.</summary>
    /// <returns>Milliseconds.</returns>
    public double Run()
    {
        node.Write("\n"u8);
        return double.Parse(node.ReadLine(), CultureInfo.InvariantCulture);
    }

    /// <summary>Ends node.</summary>
    public void Dispose() => node.Dispose();
}
