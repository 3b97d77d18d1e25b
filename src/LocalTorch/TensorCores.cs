namespace TorchSharp;

/// <summary>How CUDA multiplies float32. LocalTorch only.</summary>
public static class TensorCores
{
    /// <summary>
    /// Whether convolutions and matrix products of float32 may round their operands to TF32, which keeps 10 bits of the significand.
    /// libtorch's own default: convolutions may, matrix products may not.
    /// </summary>
    public static bool AllowTF32
    {
        get => torch.Initialize() && Native.lt_tf32() != 0;
        set
        {
            torch.Initialize();
            Native.lt_allow_tf32(value ? 1 : 0);
        }
    }
}
