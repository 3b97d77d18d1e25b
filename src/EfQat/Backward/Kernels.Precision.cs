namespace EfQat.Backward;

/// <summary>What quantized layers' products are computed in on CUDA. Weights, quantizers, norms and the optimizer stay in float32.</summary>
public enum Precision
{
    /// <summary>IEEE single precision.</summary>
    Float32,

    /// <summary>Operands rounded to 10 bits of the significand inside the tensor cores, sums in float32.</summary>
    TF32,

    /// <summary>Operands and results rounded to 7 bits of the significand, sums in float32. The integers of 8-bit activations are exact in it.</summary>
    BFloat16,
}

public static partial class Kernels
{
    private static Precision precision;

    /// <summary>Of products on CUDA, for the whole process; libtorch's default for TF32 holds until it is set.</summary>
    public static Precision Precision
    {
        get => precision;
        set
        {
            backends.cuda.matmul.allow_tf32 = backends.cudnn.allow_tf32 = value == Precision.TF32;
            precision = value;
        }
    }

    /// <summary>Y of a linear layer. // [.., out]</summary>
    internal static Tensor Linear(Tensor x, Tensor weight, Tensor? bias) =>
        Result(nn.functional.linear(Operand(x), Operand(weight), bias is null ? null : Operand(bias)));

    /// <summary>A matrix product.</summary>
    internal static Tensor Product(Tensor left, Tensor right) => Result(Operand(left).matmul(Operand(right)));

    /// <summary>A product's operand.</summary>
    private static Tensor Operand(Tensor x) => precision == Precision.BFloat16 ? x.to(bfloat16) : x;

    /// <summary>A product's result.</summary>
    private static Tensor Result(Tensor y) => y.dtype == bfloat16 ? y.to(float32) : y;
}
