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

    /// <summary>Whether <see cref="Bytes"/> adds in INT32, so that no depth is too deep.</summary>
    bool AddsBytesExactly { get; }

    /// <summary>From bytes to codes, where that takes no way through memory; false where it does: nothing is done then.</summary>
    bool Codes(Runs runs, Places places, byte* weights, CodeTable codes, int place);

    /// <summary>Sums in INT32 of INT16 operands.</summary>
    void Words(Runs runs, byte** pixels, byte* weights, int* sums);

    /// <summary>Sums of bytes, so many multiply-adds in INT16 before they are widened.</summary>
    void Bytes(Runs runs, int depth, byte** pixels, byte* weights, int* sums);
}
