namespace EfQat.Integer.Kernels.Tiles;

/// <summary>
/// The innermost loops: the sums of a few pixels and vectors of output channels stay in registers; four bytes of a pixel are loaded once for all
/// vectors, the weights once for all pixels. Sums go out as [pixel, channel]. Weights lie in the order in which they are read.
/// </summary>
unsafe interface ITile
{
    /// <summary>Pixels of a tile.</summary>
    int Pixels { get; }

    /// <summary>Vectors of output channels: a block of <see cref="PackedWeights"/>.</summary>
    int Vectors { get; }

    /// <summary>Whether products of bytes are added in INT32, so that no depth is too deep.</summary>
    bool AddsBytesExactly { get; }

    /// <summary>From bytes, or INT16 operands, to codes.</summary>
    /// <param name="runs">What is added up.</param>
    /// <param name="depth">So many multiply-adds of bytes in INT16 before they are widened; 0: operands are INT16.</param>
    /// <param name="places">The pixels.</param>
    /// <param name="weights">Of the block.</param>
    /// <param name="codes">From sums to codes.</param>
    /// <param name="place">The block's first place in it.</param>
    void Codes(Runs runs, int depth, Places places, byte* weights, CodeTable codes, int place);

    /// <summary>Sums in INT32 of INT16 operands.</summary>
    void Words(Runs runs, byte** pixels, byte* weights, int* sums);
}
