using EfQat.Integer.Compilation;
using EfQat.Integer.Ncnn;
using EfQat.Models;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Onnx;

/// <summary>
/// From a quantized model to an ONNX graph in QDQ form: whatever is on a grid passes through QuantizeLinear and DequantizeLinear, and weights are stored
/// as integers. A runtime may compute what stands between with floats, as the fake-quantized model does, or with integers.
/// </summary>
public sealed class OnnxExporter
{
    private const string Supported =
        "BERT, and networks of convolutions and linear layers that Quantize.Prepare made, BatchNorm2d, ReLU, SharedInput, ResidualAdd, Concat, MaxPool2d, "
        + "AvgPool2d, AdaptiveAvgPool2d to 1×1, OptionAShortcut, Flatten, Dropout and Identity";

    private readonly OnnxGraph graph = new();
    private readonly Dictionary<Tensor, Value> values = new(ReferenceEqualityComparer.Instance);
    private readonly bool fold, quantized;

    private OnnxExporter(bool fold, bool quantized) => (this.fold, this.quantized) = (fold, quantized);

    /// <summary>Exports a model; it is as it was afterwards. The batch axis is free, and so is BERT's sequence length.</summary>
    /// <param name="model">Prepared by <see cref="Quantize.Prepare"/> and calibrated or trained.</param>
    /// <param name="sample">An input to run it on. // [N, C, H, W]; BERT: [N, 3, L], int64</param>
    /// <param name="metadata">Kept in the file.</param>
    /// <param name="foldBatchNorm">
    /// BatchNorm behind a convolution becomes part of its scales and bias; false: it stays a node, and codes times scales are the very weights of the model.
    /// </param>
    /// <param name="quantized">False: without quantizers and with the weights as they are, in full precision; not for BERT.</param>
    /// <returns>Operator set 17; 21 where there are types of 4 bits or scales for groups.</returns>
    /// <exception cref="UserError">A module cannot be exported, or is not calibrated; the message names it.</exception>
    public static ModelProto Export(
        nn.Module<Tensor, Tensor> model, Tensor sample, IReadOnlyDictionary<string, string>? metadata = null, bool foldBatchNorm = true,
        bool quantized = true)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        metadata ??= new Dictionary<string, string>();
        if (model.modules().OfType<Bert>().Any())
            return quantized ? new OnnxBert(model).Export(metadata) : throw new UserError($"{model.GetName()}: a BERT is exported quantized only");

        var (trace, exporter) = (Trace.Of(model, sample), new OnnxExporter(foldBatchNorm, quantized));
        exporter.values[trace.Input] = new(exporter.graph.Input("input", TensorProto.Types.DataType.Float, ["N", .. sample.shape[1..].Cast<object>()]));
        foreach (var call in trace.Calls) exporter.values[call.Output] = exporter.Convert(call);
        if (trace.Calls is not [.., var last] || !ReferenceEquals(last.Output, trace.Output))
            throw new UserError($"{model.GetName()}: it returns a tensor that no module returned; make what comes last a module ({Supported})");
        return exporter.graph.Model(exporter.Read(last.Output, last.Name), "logits", ["N", .. last.Shape[1..].Cast<object>()], metadata);
    }

    private Value Convert(Call call)
    {
        string Read(int index = 0) => this.Read(call.Inputs[index], call.Name);
        Value Add(string type, params AttributeProto[] attributes) => new(graph.Add(type, call.Name, call.Inputs.Select((_, i) => Read(i)), attributes));

        return call.Module switch
        {
            FakeQuantize quantizer when quantized => new(graph.Quantize(call.Name, Read(), quantizer), quantizer),
            FakeQuantize { Relu6: true } => new(graph.Add(
                "Clip", call.Name, [Read(), graph.Add(OnnxTensor.Float("relu6.min", 0)), graph.Add(OnnxTensor.Float("relu6.max", 6))])),
            FakeQuantize { Relu: true } => Add("Relu"),
            FakeQuantize => new(Read()),
            QuantizedLayer layer => new(null) { Product = OnnxProduct.Of(call.Name, layer, Read(), quantized ? OnGrid(call).Scale : null) },
            QuantBatchNorm2d norm => Normalized(call, norm.Origin),
            BatchNorm2d { running_mean: not null } norm => Normalized(call, norm),
            QuantResidualAdd => Add("Add"),
            Concat => Add("Concat", OnnxAttribute.Of("axis", 1)),
            AdaptiveAvgPool2d when call.Shape is [_, _, 1, 1] => Add("GlobalAveragePool"),
            AvgPool2d { ceil_mode: false, divisor_override: null } pool => Add(
                "AveragePool", [.. Window(pool.kernel_size, pool.stride, pool.padding), OnnxAttribute.Of("count_include_pad", pool.count_include_pad ? 1 : 0)]),
            Dropout or Identity => values.GetValueOrDefault(call.Inputs[0]) ?? new(Read()),
            KeepsGrid keeps => Moved(call, keeps.named_children().Single().module, Read()),
            _ => throw Unsupported(call.Name, call.Module),
        };
    }

    private FakeQuantize OnGrid(Call call) => values[call.Inputs[0]].Quantizer
        ?? throw new UserError($"{call.Name}: reads values that nobody quantized; put a ReLU or a SharedInput before it");

    /// <summary>What is moved keeps its grid.</summary>
    private Value Moved(Call call, nn.Module module, string input)
    {
        var quantizer = values[call.Inputs[0]].Quantizer;
        string name = quantizer is null ? call.Name : $"{call.Name}.moved";
        string moved = module switch
        {
            Flatten { start_dim: 1, end_dim: -1 } => graph.Add("Flatten", name, [input], OnnxAttribute.Of("axis", 1)),
            MaxPool2d pool => graph.Add(
                "MaxPool", name, [input], [.. Window(pool.kernel_size, pool.stride, pool.padding), OnnxAttribute.Of("ceil_mode", pool.ceil_mode ? 1 : 0)]),
            OptionAShortcut shortcut => Shortcut(name, input, shortcut),
            _ => throw Unsupported(call.Name, module),
        };
        return quantizer is null ? new(moved) : new(graph.Round(call.Name, moved, quantizer), quantizer);
    }

    private string Shortcut(string name, string input, OptionAShortcut shortcut)
    {
        string Integers(string part, params long[] numbers) => graph.Add(OnnxTensor.Integers($"{name}.{part}", numbers));
        long before = shortcut.NewChannels / 2, behind = shortcut.NewChannels - before;
        string pixels = graph.Add(
            "Slice", $"{name}.pixels",
            [
                input, Integers("starts", 0, 0), Integers("ends", long.MaxValue, long.MaxValue), Integers("axes", 2, 3),
                Integers("steps", shortcut.Stride, shortcut.Stride),
            ]);
        return graph.Add("Pad", name, [pixels, Integers("pads", 0, before, 0, 0, 0, behind, 0, 0)]);
    }

    private Value Normalized(Call call, BatchNorm2d norm)
    {
        if (fold && values.GetValueOrDefault(call.Inputs[0])?.Product?.Normalized(norm) is { } product) return new(null) { Product = product };
        string Constant(string part, Tensor? values, double otherwise) =>
            graph.Add(OnnxTensor.Floats($"{call.Name}.{part}", values ?? full_like(norm.running_mean!, otherwise)));
        return new(graph.Add(
            "BatchNormalization", call.Name,
            [
                Read(call.Inputs[0], call.Name), Constant("weight", norm.weight, 1), Constant("bias", norm.bias, 0),
                Constant("running_mean", norm.running_mean, 0), Constant("running_var", norm.running_var, 1),
            ],
            OnnxAttribute.Of("epsilon", norm.eps)));
    }

    /// <summary>The name of a tensor of the network; a product that waited for a BatchNorm waits no longer.</summary>
    private string Read(Tensor tensor, string reader)
    {
        var value = values.GetValueOrDefault(tensor)
            ?? throw new UserError($"{reader}: reads a tensor that no module returned; make the operator between them a module ({Supported})");
        return value.Name ??= value.Product!.AddTo(graph);
    }

    private static AttributeProto[] Window(long[] kernel, long[]? stride, long[]? padding)
    {
        long[] Both(long[] sizes) => [sizes[0], sizes[^1]];
        long[] margins = Both(padding ?? [0]);
        return
        [
            OnnxAttribute.Of("kernel_shape", Both(kernel)), OnnxAttribute.Of("strides", Both(stride ?? kernel)),
            OnnxAttribute.Of("pads", [.. margins, .. margins]),
        ];
    }

    private static UserError Unsupported(string name, nn.Module module) =>
        new($"{name}: a {module.GetType().Name} as it is cannot be exported; supported are {Supported}");

    /// <summary>What stands for a tensor of the network.</summary>
    /// <param name="name">Of the graph's tensor; null while it is a product.</param>
    /// <param name="quantizer">Whose grid it is on; null where it is a float.</param>
    private sealed class Value(string? name, FakeQuantize? quantizer = null)
    {
        public string? Name { get; set; } = name;

        public FakeQuantize? Quantizer => quantizer;

        public OnnxProduct? Product { get; init; }
    }
}
