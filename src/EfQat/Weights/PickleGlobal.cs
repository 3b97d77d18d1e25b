namespace EfQat.Weights;

/// <summary>A name that a pickle may use, and what calling it gives.</summary>
internal sealed record PickleGlobal(string Name, Func<object?[], object?> Call)
{
    /// <summary>The element type of a storage, by the name of its class.</summary>
    public static Dictionary<string, ScalarType> Storages { get; } = new()
    {
        ["torch.DoubleStorage"] = ScalarType.Float64, ["torch.FloatStorage"] = ScalarType.Float32, ["torch.HalfStorage"] = ScalarType.Float16,
        ["torch.BFloat16Storage"] = ScalarType.BFloat16, ["torch.LongStorage"] = ScalarType.Int64, ["torch.IntStorage"] = ScalarType.Int32,
        ["torch.ShortStorage"] = ScalarType.Int16, ["torch.CharStorage"] = ScalarType.Int8, ["torch.ByteStorage"] = ScalarType.Byte,
        ["torch.BoolStorage"] = ScalarType.Bool,
    };

    private static readonly string[] Types =
    [
        "torch.float64", "torch.float32", "torch.float16", "torch.bfloat16", "torch.int64", "torch.int32", "torch.int16", "torch.int8", "torch.uint8",
        "torch.bool",
    ];

    private static readonly Dictionary<string, PickleGlobal> Known = ((PickleGlobal[])
    [
        new("collections.OrderedDict", Dictionary),
        new("torch.Size", arguments => arguments is [object?[] sizes] ? sizes : throw Misused("torch.Size")),
        new("torch._utils._rebuild_tensor", Tensor), // of PyTorch before 0.4
        new("torch._utils._rebuild_tensor_v2", Tensor),
        new("torch._utils._rebuild_parameter", arguments => arguments is [PickledTensor data, ..] ? data : throw Misused("_rebuild_parameter")),
        .. Storages.Keys.Concat(Types).Select(name => new PickleGlobal(name, _ => throw Misused(name))),
    ]).ToDictionary(global => global.Name);

    /// <exception cref="InvalidDataException">It is none of these: it will not be run.</exception>
    public static PickleGlobal Find(string module, string name) => Known.GetValueOrDefault($"{module}.{name}")
        ?? throw new InvalidDataException(
            $"it asks Python for {Printable($"{module}.{name}")}, which is never run here: only tensors and plain containers are read");

    private static PickledDict Dictionary(object?[] arguments)
    {
        var dictionary = new PickledDict();
        if (arguments is [List<object?> pairs])
            dictionary.Items.AddRange(pairs.Select(pair => pair switch
            {
                object?[] and [var key, var value] => (key, value),
                List<object?> and [var key, var value] => (key, value), // Python 2 wrote lists
                _ => throw Misused("OrderedDict"),
            }));
        else if (arguments.Length > 0) throw Misused("OrderedDict");
        return dictionary;
    }

    private static PickledTensor Tensor(object?[] arguments) =>
        arguments is [PickledStorage storage, long offset, object?[] size, object?[] stride, ..]
        ? PickledTensor.Of(storage, offset, [.. size.Select(Number)], [.. stride.Select(Number)])
        : throw Misused("_rebuild_tensor");

    private static long Number(object? value) => value as long? ?? throw Misused("_rebuild_tensor");

    private static InvalidDataException Misused(string name) => new($"{name} is not used as PyTorch does");

    private static string Printable(string text) => new([.. text.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
