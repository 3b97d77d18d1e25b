namespace EfQat.Weights;

/// <summary>What a file that states types and shapes takes.</summary>
internal static class Element
{
    /// <summary>Bytes of one number.</summary>
    public static long Size(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        _ => throw new FormatException($"type {type} is not read"),
    };

    /// <summary>Bytes of a dense tensor.</summary>
    /// <exception cref="FormatException">A size is negative, or there are more than 64.</exception>
    /// <exception cref="OverflowException">They are too large.</exception>
    public static long Bytes(ScalarType type, long[] shape)
    {
        if (shape.Length > 64 || shape.Any(size => size < 0)) throw new FormatException($"[{string.Join(", ", shape.Take(8))}] is no shape");
        // An empty tensor may still state sizes too large for libtorch.
        _ = shape.Aggregate(8L, (product, size) => checked(product * Math.Max(size, 1)));
        return shape.Aggregate(Size(type), (product, size) => product * size);
    }
}
