namespace EfQat.Integer.Kernels;

/// <summary>How a convolution on integers is computed. All give the same codes, bit for bit.</summary>
public enum KernelKind
{
    /// <summary>Plain loops: what the others must equal.</summary>
    Specification,

    /// <summary>INT8: products added up in INT32, of operands widened to INT16 where there is no instruction for bytes.</summary>
    Direct,

    /// <summary>INT7: products of bytes added up in INT16, as many as cannot overflow, and only then in INT32 (EasyQuant, section 3.3).</summary>
    Direct16,

    /// <summary>F(2×2, 3×3): 4 multiplications for an output where <see cref="Direct"/> has 9.</summary>
    Winograd,

    /// <summary>F(4×4, 3×3): 2¼ multiplications for an output.</summary>
    Winograd4,

    /// <summary>One filter for each channel.</summary>
    Depthwise,
}
