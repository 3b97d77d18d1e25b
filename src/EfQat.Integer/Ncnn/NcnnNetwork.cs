using EfQat.Integer.Program;
using EfQat.Models;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Ncnn;

/// <summary>
/// A network of ncnn as a module: to quantize, to calibrate and to compile like any other. It returns what goes into the last softmax, so that a
/// quantized network does not compute exponentials.
/// </summary>
public sealed class NcnnNetwork : nn.Module<Tensor, Tensor>
{
    private const string Types =
        "Input, Convolution, ConvolutionDepthWise, InnerProduct, BatchNorm, Scale, ReLU, Clip, Pooling, BinaryOp, Eltwise, Concat, Split, Flatten, "
        + "Reshape, Dropout and Softmax";

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
        // Whoever reads the picture is a first layer, and has a grid of its own.
        HashSet<string> nonNegative = [], onGrid = [first];
        nn.Module? last = null;
        string Blob(string name) => names.Remove(name, out var blob)
            ? blob
            : throw new UserError($"{path}: no layer writes '{name}' before it is read, or two read it; the file is damaged");
        foreach (var layer in layers.Skip(1))
        {
            string[] inputs = [.. layer.Inputs.Select(Blob)];
            var before = inputs is [var only] && calls.LastOrDefault().Output == only ? last : null;
            output = inputs.LastOrDefault() ?? throw new UserError($"{path}: {layer.Name} reads nothing");
            bool noneNegative = inputs.All(nonNegative.Contains), allOnGrid = inputs.All(onGrid.Contains);
            foreach (var (suffix, module) in Modules(layer, weights, before, noneNegative, allOnGrid))
            {
                string name = layer.Name.Replace('.', '_') + suffix;
                register_module(name, last = module);
                calls.Add((name, inputs, name));
                if (module is ReLU or ReLU6 || noneNegative && module is not (Conv2d or Linear or BatchNorm2d)) nonNegative.Add(name);
                if (module is ReLU or ReLU6 or SharedInput || allOnGrid && module is MaxPool2d or Flatten) onGrid.Add(name);
                (inputs, output) = ([name], name);
            }
            foreach (string written in layer.Outputs) names[written] = output;
        }
        weights.CheckEnd();
        string flat = $"{output}_flat";
        register_module(flat, nn.Flatten());
        calls.Add((flat, [output], output = flat));
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
            Tensor[] read = [.. inputs.Select(blob => blobs[blob])];
            var value = modules[name] switch
            {
                nn.Module<Tensor[], Tensor> many => many.call(read),
                nn.Module<Tensor, Tensor, Tensor> two => two.call(read[0], read[1]),
                var one => ((nn.Module<Tensor, Tensor>)one).call(read[0]),
            };
            blobs[result] = value;
            if (ReferenceEquals(value, read[0])) continue;
            value.LeaveScope();
            foreach (string last in inputs.Where(blob => blob != input && lastReader[blob] == i)) blobs[last].Dispose();
        }
        return blobs[output].LeaveScope();
    }

    /// <param name="layer">Whose modules, one after another.</param>
    /// <param name="weights">Read as the layer comes.</param>
    /// <param name="before">The module whose output it alone reads, where that stands right before it.</param>
    /// <param name="noneNegative">Whether none of its inputs is.</param>
    /// <param name="allOnGrid">Whether its inputs are once the network is quantized.</param>
    private IEnumerable<(string Suffix, nn.Module Module)> Modules(
        NcnnLayer layer, NcnnWeights weights, nn.Module? before, bool noneNegative, bool allOnGrid) => layer.Type switch
    {
        "Convolution" or "ConvolutionDepthWise" => [("", Convolution(layer, weights)), .. Activation(layer)],
        "InnerProduct" => [("_flatten", nn.Flatten()), ("", InnerProduct(layer, weights)), .. Activation(layer)],
        "BatchNorm" => [("", BatchNorm(layer, weights))],
        "Scale" when before is BatchNorm2d norm && layer[0] == norm.num_features => Scaled(norm, layer, weights),
        "Scale" => throw layer.Unsupported("no BatchNorm of as many channels right before it", "fold it into the layer before it with ncnnoptimize"),
        "ReLU" when layer.Floats(0) is [] or [0] => [("", nn.ReLU())],
        "ReLU" => throw layer.Unsupported("one without a slope (0=0) is read"),
        "Clip" when (layer.Floats(0), layer.Floats(1)) is ([0], [6]) => [("", nn.ReLU6())],
        "Clip" => throw layer.Unsupported("a ReLU6 (0=0 1=6) is read"),
        "BinaryOp" when (layer[0], layer[1], layer.Inputs.Length) is (0, 0, 2) => [("", new ResidualAdd())],
        "Eltwise" when (layer[0], layer.Inputs.Length) is (1, 2) && layer.Floats(1).All(coefficient => coefficient == 1) => [("", new ResidualAdd())],
        "BinaryOp" or "Eltwise" => throw layer.Unsupported("sums of two blobs are read (BinaryOp 0=0, Eltwise 0=1)"),
        "Pooling" when layer[0] == 0 && layer[4] == 0 && layer[5] is 0 or 1 =>
            [("", nn.MaxPool2d(layer[1], layer[2, 1], layer[3], ceil_mode: layer[5] == 0))],
        "Pooling" when layer[0] == 1 && layer[4] == 1 => [("", nn.AdaptiveAvgPool2d(1))],
        "Pooling" => throw layer.Unsupported("maxima (0=0) and global means (0=1 4=1) are read"),
        // One grid for all parts, whoever reads them. A ReLU changes nothing where none is negative, and lets their codes begin at zero.
        "Concat" when layer[0] == 0 => [("", new Concat()), ("_grid", noneNegative ? nn.ReLU() : new SharedInput())],
        "Concat" => throw layer.Unsupported("channels one after another (0=0) are read"),
        "Flatten" => [("", nn.Flatten())],
        "Reshape" when layer.Numbers.Keys.All(key => key is 0 or > 11) => [("", nn.Flatten())],
        "Reshape" => throw layer.Unsupported("one to a single dimension (0=-1) is read"),
        // A sum of integers is brought to one grid for all its readers, not to one for each.
        "Split" => allOnGrid ? [] : [("", new SharedInput())],
        "Dropout" or "Softmax" => [],
        _ => throw new UserError($"{path}: {layer.Name} is a {layer.Type}; the layers that can be read are {Types}"),
    };

    private static IEnumerable<(string Suffix, nn.Module Module)> Activation(NcnnLayer layer) => (layer[9], layer.Floats(10)) switch
    {
        (0, _) => [],
        (1, _) => [("_relu", nn.ReLU())],
        (3, [0, 6]) => [("_relu6", nn.ReLU6())],
        _ => throw layer.Unsupported("no activation (9=0), ReLU (9=1) and ReLU6 (9=3 -23310=2,0.0,6.0) are read"),
    };

    private static Conv2d Convolution(NcnnLayer layer, NcnnWeights weights)
    {
        int outputs = layer[0], width = layer[1], height = layer[11, width], count = layer[6], groups = layer[7, 1];
        int inputs = count / Math.Max(outputs * width * height, 1) * groups;
        if (count <= 0 || outputs <= 0 || groups <= 0 || inputs / groups * outputs * width * height != count || outputs % groups != 0)
            throw layer.Unsupported($"{count} weights for {outputs} outputs, a {width}×{height} kernel and {groups} groups", "the file is damaged");
        int stride = layer[3, 1], padding = layer[4], dilation = layer[2, 1];
        if (layer[13, stride] != stride || layer[12, dilation] != dilation || new[] { 14, 15, 16 }.Any(side => layer[side, padding] != padding))
            throw layer.Unsupported("other strides, paddings or dilations downwards than sidewards", "export it with the same in all directions");
        if (padding < 0) throw layer.Unsupported($"padding 4={padding}, which depends on the picture's size,", "export it with numbers");
        var convolution = nn.Conv2d(
            inputs, outputs, (height, width), (stride, stride), (padding, padding), (dilation, dilation), groups: groups, bias: layer[5] == 1);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        convolution.weight!.copy_(tensor(weights.Tagged(layer.Name, count), [outputs, inputs / groups, height, width]));
        convolution.bias?.copy_(tensor(weights.Floats(layer.Name, outputs)));
        return convolution;
    }

    private static Linear InnerProduct(NcnnLayer layer, NcnnWeights weights)
    {
        int outputs = layer[0], count = layer[2];
        if (count <= 0 || outputs <= 0 || count % outputs != 0)
            throw layer.Unsupported($"{count} weights for {outputs} outputs", "the file is damaged");
        var linear = nn.Linear(count / outputs, outputs, hasBias: layer[1] == 1);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        linear.weight!.copy_(tensor(weights.Tagged(layer.Name, count), [outputs, count / outputs]));
        linear.bias?.copy_(tensor(weights.Floats(layer.Name, outputs)));
        return linear;
    }

    private static BatchNorm2d BatchNorm(NcnnLayer layer, NcnnWeights weights)
    {
        var norm = nn.BatchNorm2d(layer[0], layer.Floats(1) is [var epsilon] ? epsilon : 0);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        foreach (var values in (Tensor[])[norm.weight!, norm.running_mean!, norm.running_var!, norm.bias!])
            values.copy_(tensor(weights.Floats(layer.Name, layer[0])));
        return norm;
    }

    /// <summary>(γ·x + β)·s + b: Caffe keeps what BatchNorm learns in a layer of its own.</summary>
    private static IEnumerable<(string Suffix, nn.Module Module)> Scaled(BatchNorm2d norm, NcnnLayer layer, NcnnWeights weights)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var scale = tensor(weights.Floats(layer.Name, layer[0]));
        norm.weight!.mul_(scale);
        norm.bias!.mul_(scale);
        if (layer[1] == 1) norm.bias.add_(tensor(weights.Floats(layer.Name, layer[0])));
        return [];
    }
}
