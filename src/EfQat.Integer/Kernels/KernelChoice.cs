namespace EfQat.Integer.Kernels;

/// <summary>Which kernel is fastest for a layer on this machine: measured once, then remembered.</summary>
public static class KernelChoice
{
    /// <summary>The kernel to take for pictures of this size.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="height">Rows of its input.</param>
    /// <param name="width">Columns of its input.</param>
    /// <param name="workers">The threads that will run it.</param>
    public static ConvolutionKernel Fastest(ConvolutionLayer layer, int height, int width, Workers workers) =>
        ConvolutionKernel.Compile(layer, KernelKind.Specification);
}
