using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Onnx;

/// <summary>
/// A convolution or a linear layer that waits for a BatchNorm behind it: for each output channel a · (Ŵ·x) + b. Its weight is stored as integers q,
/// and DequantizeLinear makes Ŵ = q·s of them. A factor goes into scales and signs: a · Ŵ = (sign(a)·q) · (|a|·s).
/// </summary>
/// <param name="Name">The layer's.</param>
/// <param name="Layer">Calibrated.</param>
/// <param name="Input">The tensor that it reads.</param>
/// <param name="InputScale">s_x; null: in full precision, W in the place of Ŵ.</param>
/// <param name="Factors">a; null: 1. // [K], float64</param>
/// <param name="Shifts">b; null: 0. // [K], float64</param>
internal sealed record OnnxProduct(string Name, QuantizedLayer Layer, string Input, double? InputScale, Tensor? Factors, Tensor? Shifts)
{
    /// <exception cref="UserError">The layer's quantization is off.</exception>
    public static OnnxProduct Of(string name, QuantizedLayer layer, string input, double? inputScale) => layer.Quantizing
        ? new(name, layer, input, inputScale, null, layer.Bias?.detach().to(float64))
        : throw new UserError($"{name}: its quantization is switched off; run Quantize.Calibrate before the export");

    /// <summary>With the factor and the shift of a BatchNorm; null where a weight's code has no negative in its type.</summary>
    public OnnxProduct? Normalized(BatchNorm2d norm)
    {
        var factors = (norm.running_var!.to(float64) + norm.eps).rsqrt();  // [K]
        if (norm.weight is { } gamma) factors = gamma.detach().to(float64) * factors;
        var shifts = -norm.running_mean!.to(float64) * factors;
        if (norm.bias is { } beta) shifts = beta.detach().to(float64) + shifts;
        if (Shifts is not null) shifts = shifts + Shifts * factors;
        return Factors is null && CanTake(factors) ? this with { Factors = factors, Shifts = shifts } : null;
    }

    private bool CanTake(Tensor factors)
    {
        if (InputScale is null) return true;
        var (lowest, _) = OnnxTensor.Limits(OnnxTensor.TypeOf(Layer.WeightGrid));
        return !Layer.Integers.Integers().flatten(1).eq(lowest).any(1).logical_and(factors.lt(0)).any().item<bool>();
    }

    /// <summary>Adds the nodes; returns the name of the result.</summary>
    public string AddTo(OnnxGraph graph) => Layer is QuantConv2d convolution ? Convolution(graph, convolution.Shape) : Linear(graph);

    private string Convolution(OnnxGraph graph, Backward.ConvShape shape)
    {
        // ONNX Runtime (1.30) rounds a bias of Conv to integers in units of s_x·s: coarse with codes of 4 bits, and in vain, for it has no kernels for them.
        bool apart = Shifts is not null && InputScale is not null && Layer.WeightGrid.Bits <= 4, inside = Shifts is not null && !apart;
        string product = graph.Add(
            "Conv", apart ? $"{Name}.product" : Name, [Input, Weight(graph, transposed: false), .. inside ? new[] { Bias(graph, -1) } : []],
            OnnxAttribute.Of("kernel_shape", Layer.CompleteWeight.shape[2..]), OnnxAttribute.Of("strides", [shape.Stride.Height, shape.Stride.Width]),
            OnnxAttribute.Of("pads", [shape.Padding.Height, shape.Padding.Width, shape.Padding.Height, shape.Padding.Width]),
            OnnxAttribute.Of("group", shape.Groups));
        return apart ? graph.Add("Add", Name, [product, Bias(graph, -1, 1, 1)]) : product;
    }

    private string Linear(OnnxGraph graph)
    {
        string product = graph.Add("MatMul", Shifts is null ? Name : $"{Name}.product", [Input, Weight(graph, transposed: true)]);
        return Shifts is null ? product : graph.Add("Add", Name, [product, Bias(graph, -1)]);
    }

    private string Bias(OnnxGraph graph, params long[] shape) => graph.Add(OnnxTensor.Floats($"{Name}.bias", Shifts!.reshape(shape)));

    /// <param name="graph">Where to.</param>
    /// <param name="transposed">[in, out], as MatMul multiplies.</param>
    private string Weight(OnnxGraph graph, bool transposed)
    {
        if (InputScale is null)
        {
            var weight = Layer.CompleteWeight.detach().to(float64);
            if (Factors is not null) weight = weight * Each(Factors, weight.ndim);
            return graph.Add(OnnxTensor.Floats($"{Name}.weight", transposed ? weight.t() : weight));
        }
        var (integers, grid) = (Layer.Integers, Layer.WeightGrid);
        Tensor codes = integers.Integers(), scales = integers.Scale;  // [out, in, …]; [1], [out] or [out, groups]
        if (!scales.isfinite().all().item<bool>() || !double.IsFinite(Layer.CompleteWeight.sum().item<float>()))
            throw new UserError($"{Name}: its weights or their scales hold NaN or infinity; train it again");
        if (Shifts is not null) (codes, scales) = Scaled(codes, scales.to(float64));
        if (grid.Bits <= 4) graph.Needs(21);
        List<AttributeProto> attributes = [];
        bool grouped = scales.ndim == 2 && scales.shape[1] > 1;
        if (grouped)
        {
            graph.Needs(21);
            attributes = [OnnxAttribute.Of("axis", 1), OnnxAttribute.Of("block_size", codes.shape[1] / scales.shape[1])];
            // A block runs along one axis, so that every pixel of a kernel repeats its group's scale.
            if (codes.ndim == 4) scales = scales.reshape(scales.shape[0], -1, 1, 1).expand(-1, -1, codes.shape[2], codes.shape[3]);
        }
        else if (scales.numel() > 1)
        {
            scales = scales.flatten();
            attributes = [OnnxAttribute.Of("axis", transposed ? 1 : 0)];
        }
        else scales = scales.reshape([]);
        if (transposed && !grouped) codes = codes.t();
        var type = OnnxTensor.TypeOf(grid);
        string dequantized = graph.Add(
            "DequantizeLinear", $"{Name}.weight.dequantized",
            [
                // ONNX Runtime (1.30) fails to make codes unsigned where they are shared, or zero points are shared or left out.
                graph.Add(OnnxTensor.Codes($"{Name}.weight", codes, type), shared: false),
                graph.Add(OnnxTensor.Floats($"{Name}.weight.scale", scales)),
                graph.Add(OnnxTensor.Codes($"{Name}.weight.zero_point", zeros_like(scales, dtype: int16), type), shared: false),
            ],
            [.. attributes]);
        // ONNX Runtime (1.30) multiplies integers where DequantizeLinear stands right before MatMul, and knows no groups there.
        return transposed && grouped ? graph.Add("Transpose", $"{Name}.weight.transposed", [dequantized], OnnxAttribute.Of("perm", [1, 0])) : dequantized;
    }

    /// <summary>
    /// Codes and scales with the factors. Who adds b to sums of codes rounds it to 32 bits in units of s_x·s: where it would not fit the scale is coarser,
    /// and so are the codes, whose part in such a sum is small.
    /// </summary>
    private (Tensor Codes, Tensor Scales) Scaled(Tensor codes, Tensor scales)
    {
        var exact = Factors is null ? scales : scales * Each(Factors, scales.ndim);                            // [1], [K] or [K, groups]
        var least = Each(Shifts!.abs(), exact.ndim) * Math.ScaleB(1 / InputScale!.Value, -30);
        if (Factors is null && least.le(exact).all().item<bool>()) return (codes, exact);
        var units = exact.abs().maximum(least).clamp_min(1e-30);                                              // [K] or [K, groups]
        var ratios = (exact / units).reshape(units.shape[0], -1, 1);
        return ((codes.to(float64).reshape(units.shape[0], ratios.shape[1], -1) * ratios).round().reshape(codes.shape), units);
    }

    private static Tensor Each(Tensor channels, long dimensions) => channels.reshape([-1, .. Enumerable.Repeat(1L, (int)dimensions - 1)]);
}
