using EfQat.Integer.Program;
using EfQat.Models;
using EfQat.Quantization;

namespace EfQat.Integer.Ncnn;

/// <summary>
/// A network of ncnn as a module: to quantize, to calibrate and to compile like any other. It returns what goes into the last softmax, so that a
/// quantized network does not compute exponentials.
/// </summary>
public sealed class NcnnNetwork : nn.Module<Tensor, Tensor>
{
    private const string Types = "Input, Convolution, ConvolutionDepthWise, Pooling, ReLU, Concat, Split, Dropout and Softmax";
    private readonly List<(string Module, string[] Inputs, string Output)> calls = [];
    private readonly Dictionary<string, int> lastReader = [];
    private readonly string path, input, output;

    private NcnnNetwork(string path, IReadOnlyList<NcnnLayer> layers, NcnnWeights weights) : base(Path.GetFileNameWithoutExtension(path))
    {
        this.path = path;
        if (layers.FirstOrDefault() is not { Type: "Input", Outputs: [var first] } picture)
            throw new UserError($"{path}: does not begin with an Input; only networks of one picture are read");
        InputShape = new(picture[1], picture[0], picture[2]);
        input = output = first;
        // Another name of the same blob: Split copies, Dropout and Softmax are not computed.
        Dictionary<string, string> names = new() { [first] = first };
        HashSet<string> nonNegative = [];
        string Blob(string name) => names.GetValueOrDefault(name) ?? throw new UserError($"{path}: no layer writes '{name}' before it is read; the file is damaged");
        foreach (var layer in layers.Skip(1))
        {
            string[] inputs = [.. layer.Inputs.Select(Blob)];
            output = inputs.LastOrDefault() ?? throw new UserError($"{path}: {layer.Name} reads nothing");
            bool noneNegative = inputs.All(nonNegative.Contains);
            foreach (var (suffix, module) in Modules(layer, weights, noneNegative))
            {
                string name = layer.Name.Replace('.', '_') + suffix;
                register_module(name, module);
                calls.Add((name, inputs, name));
                if (module is TorchSharp.Modules.ReLU || noneNegative && module is not TorchSharp.Modules.Conv2d) nonNegative.Add(name);
                (inputs, output) = ([name], name);
            }
            foreach (string written in layer.Outputs) names[written] = output;
        }
        weights.CheckEnd();
        register_module("flatten", nn.Flatten());
        calls.Add(("flatten", [output], output = "flatten"));
        for (int i = 0; i < calls.Count; i++)
            foreach (string blob in calls[i].Inputs) lastReader[blob] = i;
    }

    /// <summary>Of one picture.</summary>
    public CodeShape InputShape { get; }

    /// <summary>Reads a network.</summary>
    /// <param name="param">The .param file; the .bin file lies beside it.</param>
    /// <exception cref="UserError">A file is missing, truncated or damaged, or has an operator that is not supported.</exception>
    public static NcnnNetwork Load(string param) => new(param, NcnnLayer.ReadAll(param), new(Path.ChangeExtension(param, ".bin")));

    /// <inheritdoc/>
    public override Tensor forward(Tensor picture)
    {
        using var scope = NewDisposeScope();
        var modules = named_children().ToDictionary(child => child.name, child => child.module);
        Dictionary<string, Tensor> blobs = new() { [input] = picture };
        for (int i = 0; i < calls.Count; i++)
        {
            var (name, inputs, result) = calls[i];
            using var call = NewDisposeScope();
            var value = modules[name] is nn.Module<Tensor[], Tensor> many
                ? many.call([.. inputs.Select(blob => blobs[blob])])
                : ((nn.Module<Tensor, Tensor>)modules[name]).call(blobs[inputs[0]]);
            blobs[result] = value.LeaveScope();
            foreach (string last in inputs.Where(blob => blob != input && lastReader[blob] == i && !ReferenceEquals(blobs[blob], value)))
                blobs[last].Dispose();
        }
        return blobs[output].LeaveScope();
    }

    private IEnumerable<(string Suffix, nn.Module Module)> Modules(NcnnLayer layer, NcnnWeights weights, bool noneNegative) => layer.Type switch
    {
        "Convolution" or "ConvolutionDepthWise" when layer[9] == 0 => [("", Convolution(layer, weights))],
        "Convolution" or "ConvolutionDepthWise" when layer[9] == 1 => [("", Convolution(layer, weights)), ("_relu", nn.ReLU())],
        "Convolution" or "ConvolutionDepthWise" => throw layer.Unsupported($"activation 9={layer[9]}"),
        "ReLU" when !layer.Numbers.ContainsKey(0) => [("", nn.ReLU())],
        "Pooling" when layer[0] == 0 && layer[4] == 0 && layer[5] is 0 or 1 =>
            [("", nn.MaxPool2d(layer[1], layer[2, 1], layer[3], ceil_mode: layer[5] == 0))],
        "Pooling" when layer[0] == 1 && layer[4] == 1 => [("", nn.AdaptiveAvgPool2d(1))],
        // One grid for all parts, whoever reads them. A ReLU changes nothing where none is negative, and lets their codes begin at zero.
        "Concat" when layer[0] == 0 => [("", new Concat()), ("_grid", noneNegative ? nn.ReLU() : new SharedInput())],
        "Pooling" or "Concat" or "ReLU" => throw layer.Unsupported(string.Join(' ', layer.Numbers.Select(pair => $"{pair.Key}={pair.Value}"))),
        "Split" or "Dropout" or "Softmax" => [],
        _ => throw new UserError($"{path}: {layer.Name} is a {layer.Type}; the layers that can be read are {Types}"),
    };

    private static TorchSharp.Modules.Conv2d Convolution(NcnnLayer layer, NcnnWeights weights)
    {
        int outputs = layer[0], width = layer[1], height = layer[11, width], count = layer[6], groups = layer[7, 1];
        int inputs = count / Math.Max(outputs * width * height, 1) * groups;
        if (count <= 0 || outputs <= 0 || groups <= 0 || inputs / groups * outputs * width * height != count || outputs % groups != 0)
            throw layer.Unsupported($"{count} weights for {outputs} outputs, a kernel of {width}×{height} and {groups} groups");
        int stride = layer[3, 1], padding = layer[4], dilation = layer[2, 1];
        if ((layer[13, stride], layer[14, padding], layer[12, dilation]) != (stride, padding, dilation))
            throw layer.Unsupported("other strides, paddings or dilations downwards than sidewards");
        var convolution = nn.Conv2d(
            inputs, outputs, (height, width), (stride, stride), (padding, padding), (dilation, dilation), groups: groups, bias: layer[5] == 1);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        convolution.weight!.copy_(tensor(weights.Tagged(layer.Name, count), [outputs, inputs / groups, height, width]));
        convolution.bias?.copy_(tensor(weights.Floats(layer.Name, outputs)));
        return convolution;
    }
}
