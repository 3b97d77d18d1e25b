namespace TorchSharp;

/// <summary>A number of any kind, as operators take it.</summary>
public sealed class Scalar : IDisposable
{
    private readonly long integer;
    private readonly double real;

    private Scalar(long value, torch.ScalarType type) => (integer, real, Type) = (value, value, type);

    private Scalar(double value, torch.ScalarType type) => (integer, real, Type) = ((long)value, value, type);

    /// <summary>The kind of number.</summary>
    public torch.ScalarType Type { get; }

    internal NativeOps.Argument Argument => Type switch
    {
        torch.ScalarType.Bool => integer != 0,
        torch.ScalarType.Float32 or torch.ScalarType.Float64 => real,
        _ => integer,
    };

    internal double Real => real;
    internal long Integer => integer;

    public static implicit operator Scalar(byte value) => new(value, torch.ScalarType.Byte);
    public static implicit operator Scalar(sbyte value) => new(value, torch.ScalarType.Int8);
    public static implicit operator Scalar(short value) => new(value, torch.ScalarType.Int16);
    public static implicit operator Scalar(int value) => new(value, torch.ScalarType.Int32);
    public static implicit operator Scalar(long value) => new(value, torch.ScalarType.Int64);
    public static implicit operator Scalar(bool value) => new(value ? 1L : 0L, torch.ScalarType.Bool);
    public static implicit operator Scalar(float value) => new((double)value, torch.ScalarType.Float32);
    public static implicit operator Scalar(double value) => new(value, torch.ScalarType.Float64);

    public void Dispose() { }
}

/// <summary>The C# number in a <see cref="Scalar"/>.</summary>
public static class ScalarExtensionMethods
{
    public static float ToSingle(this Scalar value) => (float)value.Real;
    public static double ToDouble(this Scalar value) => value.Real;
    public static int ToInt32(this Scalar value) => (int)value.Integer;
    public static long ToInt64(this Scalar value) => value.Integer;
    public static bool ToBoolean(this Scalar value) => value.Integer != 0;
}
