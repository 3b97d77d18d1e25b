using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace EfQat.Integer.Onnx;

/// <summary>An ONNX file in ONNX Runtime.</summary>
public sealed class OnnxRuntimeSession : IDisposable
{
    private readonly OnnxRuntimeNode node;
    private readonly int inputs;

    /// <summary>Loads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="optimize">
    /// False: every node runs as it is written, layers on floats. True: ONNX Runtime rewrites the graph first, layers run on integers where it can.
    /// </param>
    /// <param name="threads">Of an operator.</param>
    /// <param name="modules">The node_modules folder that has onnxruntime-node; null: it is searched for.</param>
    /// <param name="exact">
    /// False: an optimized graph runs as it does by default, and so saturates where <see cref="Saturates"/>. True: at the cost of time, products of
    /// 8 by 8 bits are added exactly everywhere.
    /// </param>
    /// <exception cref="UserError">ONNX Runtime is not installed, or refuses the file.</exception>
    public OnnxRuntimeSession(string path, bool optimize = true, int threads = 1, string? modules = null, bool exact = true)
    {
        inputs = OnnxFile.Load(path).Graph.Input.Count;
        using var script = new StreamReader(typeof(OnnxRuntimeSession).Assembly.GetManifestResourceStream("onnx_session.js")!);
        node = new(
            modules ?? OnnxRuntimeNode.Find() ?? throw new UserError($"ONNX Runtime is not installed; {OnnxRuntimeNode.Install} installs it"),
            script.ReadToEnd(), Path.GetFullPath(path), optimize ? "all" : "disabled", $"{threads}", exact ? "1" : "0");
    }

    /// <summary>
    /// Whether ONNX Runtime by default adds pairs of products of 8 by 8 bits in 16 bits, which saturate: on x86 without VNNI, where weights have 8
    /// bits (its documentation, "Quantize ONNX Models").
    /// </summary>
    public static bool Saturates { get; } =
        X86Base.IsSupported && (X86Base.CpuId(7, 0).Ecx & 1 << 11) == 0 /* AVX512_VNNI */ && (X86Base.CpuId(7, 1).Eax & 1 << 4) == 0 /* AVX_VNNI */;

    /// <summary>Of ONNX Runtime.</summary>
    public string Version => node.Version;

    /// <summary>Of the last run, without the way there and back.</summary>
    public double Milliseconds { get; private set; }

    /// <summary>Runs it on a batch as the model takes it; a file with several inputs gets one slice of the second dimension for each.</summary>
    /// <param name="batch">// [N, C, H, W], or [N, inputs, L]</param>
    /// <returns>The logits. // [N, classes]</returns>
    public Tensor Run(Tensor batch)
    {
        using var scope = NewDisposeScope();
        var parts = inputs == 1 ? [batch] : Enumerable.Range(0, inputs).Select(i => batch.select(1, i)).ToArray();
        int[] head = [(int)parts[0].ndim, .. parts[0].shape.Select(size => (int)size)];
        node.Write(MemoryMarshal.AsBytes<int>(head));
        foreach (var part in parts) node.Write(part.cpu().contiguous().bytes);

        var (time, rank) = (new double[1], new int[1]);
        node.Read(MemoryMarshal.AsBytes(time.AsSpan()));
        Milliseconds = time[0];
        node.Read(MemoryMarshal.AsBytes(rank.AsSpan()));
        var sizes = new int[rank[0]];
        node.Read(MemoryMarshal.AsBytes(sizes.AsSpan()));
        var output = empty([.. sizes.Select(size => (long)size)]);
        node.Read(output.bytes);
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>Ends it.</summary>
    public void Dispose() => node.Dispose();
}
