using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels.Winograd;

/// <summary>
/// Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A (Winograd; Lavin and Gray, arXiv 1509.09308) with G and A multiplied until they are integers, so that a
/// multiple of Y comes out. INT32 wraps around, so sums on the way may be anything: only what comes out has to fit.
/// </summary>
unsafe interface ITransform
{
    /// <summary>Rows, and columns, of the outputs of a tile; its inputs have two more.</summary>
    static abstract int Outputs { get; }

    /// <summary>One number of G g Gᵀ; it fits in INT16.</summary>
    /// <param name="weights">Of an output and an input channel, with a step between neighbouring taps. // [3, 3]</param>
    /// <param name="step">Input channels.</param>
    /// <param name="tap">Which number.</param>
    static abstract int Weight(ReadOnlySpan<sbyte> weights, int step, int tap);

    /// <summary>Bᵀ d B of all channels of one tile; its numbers fit in INT16.</summary>
    /// <param name="source">The tile's first pixel.</param>
    /// <param name="row">Bytes from one row to the next.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="target">For the first number of each channel.</param>
    /// <param name="step">From one number to the next.</param>
    static abstract void Input(byte* source, nint row, int channels, short* target, nint step);

    /// <summary>The sums of the convolution, exact: Aᵀ M A, less what G and A were multiplied by.</summary>
    /// <param name="products">The first vector of M.</param>
    /// <param name="step">From one to the next.</param>
    /// <param name="sums">Row by row.</param>
    /// <param name="stride">Vectors from one pixel to the next.</param>
    static abstract void Output<TSet, V, P>(int* products, nint step, V* sums, int stride)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged;

    /// <summary>One number of G g Gᵀ.</summary>
    static int Weight(ReadOnlySpan<sbyte> g, ReadOnlySpan<sbyte> weights, int step, int tap)
    {
        int sum = 0, size = g.Length / 3;
        for (int r = 0; r < 3; r++)
            for (int s = 0; s < 3; s++)
                sum += g[tap / size * 3 + r] * g[tap % size * 3 + s] * weights[(r * 3 + s) * step];
        return sum;
    }
}
