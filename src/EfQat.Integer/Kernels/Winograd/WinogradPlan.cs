namespace EfQat.Integer.Kernels.Winograd;

/// <summary>
/// How a picture is cut into tiles, and these into batches that stay in the second-level cache. Threads share the tiles; where one batch is all there
/// is, they transform it together, then share the output channels, so that each reads only its part of the weights.
/// </summary>
/// <param name="shape">The layer's.</param>
/// <param name="height">Rows of the input.</param>
/// <param name="width">Columns of the input.</param>
/// <param name="threads">That work together.</param>
/// <param name="outputs">Rows of a tile's outputs.</param>
/// <param name="picture">The input with its border.</param>
/// <param name="weights">The layer's, transformed.</param>
/// <param name="pixels">Of a register tile.</param>
readonly struct WinogradPlan(
    ConvolutionShape shape, int height, int width, int threads, int outputs, BorderedPicture picture, PackedWeights weights, int pixels)
{
    /// <summary>Bytes of a thread's batch: half of a common second-level cache.</summary>
    const int CacheBytes = 512 << 10;

    public int Threads => threads;

    public int OutputHeight => shape.OutputHeight(height);

    public int OutputWidth => shape.OutputWidth(width);

    public int TileColumns => (OutputWidth + outputs - 1) / outputs;

    public int Tiles => (OutputHeight + outputs - 1) / outputs * TileColumns;

    public int Columns => picture.Columns(width);

    public int Taps => (outputs + 2) * (outputs + 2);

    int MostTiles => Math.Max(pixels, CacheBytes / (Taps * (picture.Channels * sizeof(short) + weights.Width * sizeof(int))) / pixels * pixels);

    public bool IsShared => threads > 1 && Tiles <= MostTiles && weights.Blocks % threads == 0;

    /// <summary>Tiles of a batch: whole register tiles, so that none writes past its end.</summary>
    public int Batch
    {
        get
        {
            int share = IsShared ? Tiles : (Tiles + threads - 1) / threads, batches = Math.Max(1, (share + MostTiles - 1) / MostTiles);
            return ((share + batches - 1) / batches + pixels - 1) / pixels * pixels;
        }
    }

    public int PictureBytes => picture.Bytes(height, width, threads);

    public int InputBytes => Aligned(Taps * Batch * picture.Channels * sizeof(short));

    public int ProductBytes => Aligned(Taps * Batch * weights.Width * sizeof(int));

    public int Bytes => checked(PictureBytes + threads * (InputBytes + ProductBytes));

    static int Aligned(int bytes) => PinnedMemory<byte>.Aligned(bytes);
}
