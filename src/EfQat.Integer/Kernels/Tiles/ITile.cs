namespace EfQat.Integer.Kernels.Tiles;

/// <summary>
/// The innermost loops: the sums of a few pixels and two vectors of output channels stay in registers; four bytes of a pixel are loaded once for both
/// vectors, the weights once for all pixels. Sums go out as [pixel, channel]. Weights lie in the order in which they are read.
/// </summary>
unsafe interface ITile
{
    /// <summary>Pixels of a tile.</summary>
    static abstract int Pixels { get; }

    /// <summary>Sums in INT32 of INT16 operands.</summary>
    static abstract void Words(Runs runs, byte** pixels, byte* weights, int* sums);

    /// <summary>Sums of bytes, so many multiply-adds in INT16 before they are widened.</summary>
    static abstract void Bytes(Runs runs, int depth, byte** pixels, byte* weights, int* sums);
}
