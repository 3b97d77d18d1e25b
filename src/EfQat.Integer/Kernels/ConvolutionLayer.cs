namespace EfQat.Integer.Kernels;

/// <summary>
/// A convolution on integers: codes in, codes out. Activations are bytes, channels last, [H, W, C]: the code above its grid's lowest, so never
/// negative; what is zero has the code <see cref="InputZero"/>. A sum is Σ w · code + bias, and the bias already holds −<see cref="InputZero"/> · Σ w.
/// </summary>
/// <param name="Shape">Sizes.</param>
/// <param name="Weights">Codes, [K, R, S, C / groups].</param>
/// <param name="Bias">In units of the sum, for each output channel.</param>
/// <param name="Output">From a sum to the next layer's code.</param>
/// <param name="InputMax">The largest code that can come in: what bounds every sum.</param>
/// <param name="InputZero">The code that padding holds.</param>
public sealed record ConvolutionLayer(ConvolutionShape Shape, sbyte[] Weights, int[] Bias, Requantization Output, byte InputMax, byte InputZero);
