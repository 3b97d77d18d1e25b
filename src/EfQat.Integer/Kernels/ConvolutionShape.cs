namespace EfQat.Integer.Kernels;

/// <summary>The sizes of a convolution; a linear layer is one of 1×1 on a picture of 1×1.</summary>
/// <param name="InputChannels">C, a multiple of the groups.</param>
/// <param name="OutputChannels">K, a multiple of the groups.</param>
/// <param name="KernelHeight">R.</param>
/// <param name="KernelWidth">S.</param>
/// <param name="Stride">In both directions.</param>
/// <param name="Padding">Rows above and below, columns left and right; they hold the code of zero.</param>
/// <param name="Dilation">In both directions.</param>
/// <param name="Groups">C for a depthwise convolution.</param>
public sealed record ConvolutionShape(
    int InputChannels, int OutputChannels, int KernelHeight, int KernelWidth, int Stride = 1, int Padding = 0, int Dilation = 1, int Groups = 1)
{
    /// <summary>Rows of the output for so many rows of the input.</summary>
    public int OutputHeight(int height) => (height + 2 * Padding - Dilation * (KernelHeight - 1) - 1) / Stride + 1;

    /// <summary>Columns of the output for so many columns of the input.</summary>
    public int OutputWidth(int width) => (width + 2 * Padding - Dilation * (KernelWidth - 1) - 1) / Stride + 1;

    /// <summary>True where a kernel's row of taps is one stretch of a picture's memory.</summary>
    internal bool TapsAdjoin() => Dilation == 1 && Groups == 1;
}
