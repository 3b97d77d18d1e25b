using EfQat.Quantization;
using Google.Protobuf;
using static EfQat.Integer.Onnx.TensorProto.Types;

namespace EfQat.Integer.Onnx;

/// <summary>Constants of a graph, and what they hold.</summary>
public static class OnnxTensor
{
    /// <summary>The type of a grid's codes: the smallest of ONNX that holds it; 2 and 3 bits are in 4-bit codes, 5 to 7 in 8-bit ones.</summary>
    public static DataType TypeOf(Grid grid) => (grid.Bits <= 4, grid.Signed) switch
    {
        (true, true) => DataType.Int4,
        (true, false) => DataType.Uint4,
        (false, true) => DataType.Int8,
        (false, false) => DataType.Uint8,
    };

    /// <summary>The lowest and the highest code of a type.</summary>
    internal static (int Min, int Max) Limits(DataType type) => type switch
    {
        DataType.Int4 => (-8, 7),
        DataType.Uint4 => (0, 15),
        DataType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        _ => (byte.MinValue, byte.MaxValue),
    };

    /// <summary>Floats of any shape.</summary>
    internal static TensorProto Floats(string name, Tensor values)
    {
        using var scope = NewDisposeScope();
        return Raw(name, DataType.Float, values.shape, values.detach().to(float32).cpu().contiguous().bytes);
    }

    /// <summary>One float.</summary>
    internal static TensorProto Float(string name, float value) => Raw(name, DataType.Float, [], BitConverter.GetBytes(value));

    /// <summary>A list of integers.</summary>
    internal static TensorProto Integers(string name, params long[] values) =>
        Raw(name, DataType.Int64, [values.Length], System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(values));

    /// <summary>Codes, two in a byte where they have 4 bits, the first in the lower half.</summary>
    /// <param name="name">Of the constant.</param>
    /// <param name="codes">// int16, any shape</param>
    /// <param name="type">Holds them.</param>
    internal static TensorProto Codes(string name, Tensor codes, DataType type)
    {
        using var scope = NewDisposeScope();
        short[] values = codes.to(int16).cpu().contiguous().data<short>().ToArray();
        byte[] bytes = type is DataType.Int4 or DataType.Uint4
            ? [.. values.Chunk(2).Select(pair => (byte)(pair[0] & 15 | (pair.Length > 1 ? pair[1] << 4 : 0)))]
            : [.. values.Select(value => unchecked((byte)value))];
        return Raw(name, type, codes.shape, bytes);
    }

    /// <summary>What a constant holds, as plain numbers in its order: to look at a file with.</summary>
    public static double[] Values(this TensorProto constant)
    {
        byte[] bytes = constant.RawData.ToByteArray();
        return (DataType)constant.DataType switch
        {
            DataType.Float => [.. Enumerable.Range(0, bytes.Length / 4).Select(i => (double)BitConverter.ToSingle(bytes, 4 * i))],
            DataType.Int64 => [.. Enumerable.Range(0, bytes.Length / 8).Select(i => (double)BitConverter.ToInt64(bytes, 8 * i))],
            DataType.Int8 => [.. bytes.Select(value => (double)(sbyte)value)],
            DataType.Uint8 => [.. bytes.Select(value => (double)value)],
            DataType.Int4 => [.. Halves(bytes, constant).Select(half => (double)(half < 8 ? half : half - 16))],
            DataType.Uint4 => [.. Halves(bytes, constant).Select(half => (double)half)],
            var other => throw new UserError($"{constant.Name}: its type {(int)other} is none that EfQat writes"),
        };
    }

    private static IEnumerable<int> Halves(byte[] bytes, TensorProto constant) =>
        bytes.SelectMany(value => new[] { value & 15, value >> 4 }).Take((int)constant.Dims.Aggregate(1L, (product, size) => product * size));

    private static TensorProto Raw(string name, DataType type, long[] shape, ReadOnlySpan<byte> bytes) =>
        new() { Name = name, DataType = (int)type, Dims = { shape }, RawData = ByteString.CopyFrom(bytes) };
}
