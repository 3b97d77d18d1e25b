using System.Globalization;

namespace EfQat.Integer.Onnx;

/// <summary>A graph while it is written: nodes in the order they run, constants, and the oldest operator set that has all of it.</summary>
internal sealed class OnnxGraph
{
    private const int OldestOpset = 17; // LayerNormalization
    private readonly GraphProto graph = new() { Name = "network" };
    private readonly HashSet<string> names = [];
    private readonly Dictionary<string, TensorProto> constants = [];
    private int opset = OldestOpset;

    /// <summary>Adds a node with one output.</summary>
    /// <param name="type">The operator.</param>
    /// <param name="name">Of the node and of its output.</param>
    /// <param name="inputs">"" where an optional one is left out.</param>
    /// <param name="attributes">The operator's.</param>
    /// <returns>The output's name: another one where the name is taken.</returns>
    public string Add(string type, string name, IEnumerable<string> inputs, params AttributeProto[] attributes)
    {
        string output = name;
        for (int i = 2; !names.Add(output); i++) output = string.Create(CultureInfo.InvariantCulture, $"{name}.{i}");
        graph.Node.Add(new NodeProto { OpType = type, Name = output, Input = { inputs }, Output = { output }, Attribute = { attributes } });
        return output;
    }

    /// <summary>Adds a constant.</summary>
    /// <param name="constant">Where it is there already, with its name, that one is taken.</param>
    /// <param name="shared">False: never that one.</param>
    /// <returns>Its name: another one where the name is another's.</returns>
    public string Add(TensorProto constant, bool shared = true)
    {
        string name = constant.Name;
        for (int i = 2; !names.Add(constant.Name); constant.Name = string.Create(CultureInfo.InvariantCulture, $"{name}.{i++}"))
            if (shared && constants.TryGetValue(constant.Name, out var there) && there.Equals(constant)) return constant.Name;
        constants[constant.Name] = constant;
        graph.Initializer.Add(constant);
        return constant.Name;
    }

    /// <summary>The file needs this operator set, or a later one.</summary>
    public void Needs(int version) => opset = Math.Max(opset, version);

    /// <summary>Declares an input.</summary>
    /// <param name="name">Also the result.</param>
    /// <param name="type">Of its elements.</param>
    /// <param name="shape">Numbers, and names of sizes that are known only when it runs.</param>
    public string Input(string name, TensorProto.Types.DataType type, params object[] shape)
    {
        names.Add(name);
        graph.Input.Add(Info(name, type, shape));
        return name;
    }

    /// <summary>Ends the graph with a tensor that gets the name <paramref name="name"/>.</summary>
    public ModelProto Model(string last, string name, object[] shape, IReadOnlyDictionary<string, string> metadata)
    {
        foreach (var list in graph.Node.SelectMany(node => new[] { node.Input, node.Output }))
            for (int i = 0; i < list.Count; i++)
                if (list[i] == last) list[i] = name;
        graph.Output.Add(Info(name, TensorProto.Types.DataType.Float, shape));
        return new()
        {
            // The IR versions that ONNX published with these operator sets.
            IrVersion = opset < 21 ? 8 : 10, ProducerName = OnnxFile.Producer, ProducerVersion = OnnxFile.Version, Graph = graph,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = opset } },
            MetadataProps = { metadata.Select(pair => new StringStringEntryProto { Key = pair.Key, Value = pair.Value }) },
        };
    }

    private static ValueInfoProto Info(string name, TensorProto.Types.DataType type, object[] shape) => new()
    {
        Name = name,
        Type = new()
        {
            TensorType = new() { ElemType = (int)type, Shape = new() { Dim = { shape.Select(Dimension) } } },
        },
    };

    private static TensorShapeProto.Types.Dimension Dimension(object size) =>
        size is string symbol ? new() { DimParam = symbol } : new() { DimValue = Convert.ToInt64(size) };
}

/// <summary>Attributes of nodes.</summary>
internal static class OnnxAttribute
{
    public static AttributeProto Of(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Of(string name, double value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = (float)value };

    public static AttributeProto Of(string name, IEnumerable<long> values) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };
}
