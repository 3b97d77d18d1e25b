namespace EfQat.Integer.Kernels;

/// <summary>How a convolution on integers is computed. All give the same codes, bit for bit.</summary>
public enum KernelKind
{
    /// <summary>Plain loops: what the others must equal.</summary>
    Specification,

    /// <summary>INT8: operands widened to INT16, products added up in INT32.</summary>
    Direct,

    /// <summary>INT7: products of bytes added up in INT16, as many as cannot overflow, and only then in INT32 (EasyQuant, section 3.3).</summary>
    Direct16,

    /// <summary>F(2×2, 3×3): 16 multiplications where <see cref="Direct"/> has 36.</summary>
    Winograd,

    /// <summary>One filter for each channel.</summary>
    Depthwise,
}
