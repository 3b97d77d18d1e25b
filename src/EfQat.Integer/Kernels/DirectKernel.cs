using System.Runtime.CompilerServices;
using EfQat.Integer.Kernels.Instructions;
using EfQat.Integer.Kernels.Tiles;

namespace EfQat.Integer.Kernels;

/// <summary>
/// The convolution as it is written: each block of output channels goes over all pixels, tile by tile, its weights staying in the cache. With a
/// depth, products of bytes are added up in INT16 first; without, operands are INT16 and sums INT32, unless the tile adds products of bytes exactly.
/// </summary>
sealed unsafe class DirectKernel<TSet, V, P, TTile> : ConvolutionKernel
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged where TTile : struct, ITile
{
    readonly TTile tile;
    readonly int depth;
    readonly BorderedPicture picture;
    readonly PackedWeights weights;
    readonly CodeTable codes;
    readonly int runs, runBytes;

    public DirectKernel(ConvolutionLayer layer, KernelKind kind, TTile tile) : base(layer, kind)
    {
        this.tile = tile;
        var shape = layer.Shape;
        int inputs = shape.InputChannels / shape.Groups, taps = shape.KernelHeight * shape.KernelWidth;
        depth = tile.AddsBytesExactly ? int.MaxValue : kind == KernelKind.Direct16 ? LayerBounds.Depth(layer, TSet.Products) : 0;
        int codeBytes = depth > 0 ? 1 : 2, unit = 4 / codeBytes;
        picture = new(shape, (inputs + unit - 1) / unit * unit, codeBytes);
        weights = new(layer, taps, tile.Vectors * TSet.Lanes, codeBytes, picture.Channels, (k, tap, c) => layer.Weights[(k * taps + tap) * inputs + c]);
        codes = new(layer, weights.Channels, TSet.Lanes);
        runs = shape.TapsAdjoin() ? shape.KernelHeight : taps;
        runBytes = taps / runs * picture.Channels * codeBytes;
    }

    int OffsetBytes => PinnedMemory<byte>.Aligned(runs * sizeof(nint));

    public override int ScratchBytes(int height, int width, int threads) =>
        checked(PinnedMemory<byte>.Alignment + OffsetBytes + picture.Bytes(height, width, threads));

    private protected override void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers)
    {
        var shape = Layer.Shape;
        var offsets = (nint*)Aligned(scratch);
        var copies = picture.Of(input, height, width, Layer.InputZero, (byte*)offsets + OffsetBytes, workers.Threads);
        nint row = (nint)picture.Columns(width) * picture.PixelBytes;
        for (int run = 0, columns = runs / shape.KernelHeight; run < runs; run++)
            offsets[run] = shape.Dilation * (run / columns * row + run % columns * picture.PixelBytes);
        int pixels = shape.OutputHeight(height) * shape.OutputWidth(width);
        var job = new Job(this, copies, row, pixels, shape.OutputWidth(width), Stretch(pixels, workers.Threads), offsets, output);
        workers.Run(job, job.Pieces);
    }

    /// <summary>Pixels of a piece: a thread's share in a few parts, so that the last one to finish is not late, but each worth asking for.</summary>
    int Stretch(int pixels, int threads)
    {
        const long Parts = 16, Least = 1 << 19; // multiply-adds
        long work = Math.Max(Least, (long)pixels * weights.Blocks * weights.BlockBytes / (Parts * threads));
        return (int)Math.Max(1, work / (tile.Pixels * weights.BlockBytes)) * tile.Pixels;
    }

    readonly struct Job(
        DirectKernel<TSet, V, P, TTile> kernel, BorderedPicture.Copies copies, nint row, int pixels, int columns, int stretch, nint* offsets,
        byte* output) : IJob
    {
        int Stretches => (pixels + stretch - 1) / stretch;

        /// <summary>Stretches of pixels, each for each block of channels.</summary>
        public int Pieces => Stretches * kernel.weights.Blocks;

        public void Run(int piece, int thread)
        {
            // What is larger, weights or pixels, is read once.
            var (blocks, stretches) = (kernel.weights.Blocks, Stretches);
            bool weightsOnce = (long)blocks * kernel.weights.BlockBytes > pixels * (long)kernel.picture.PixelBytes;
            var (block, at) = weightsOnce ? (piece / stretches, piece % stretches) : (piece % blocks, piece / blocks);
            int from = at * stretch, to = Math.Min(pixels, from + stretch);
            Block(block, from, to, copies.For(thread, from / columns, (to - 1) / columns));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]
        void Block(int block, int from, int to, byte* source)
        {
            var (shape, weights, codes, tile) = (kernel.Layer.Shape, kernel.weights, kernel.codes, kernel.tile);
            var (channel, count) = weights.Block(block);
            var runs = new Runs(offsets, kernel.runs, kernel.runBytes);
            int width = weights.Width, x = from % columns;
            nint step = (nint)shape.Stride * kernel.picture.PixelBytes, line = shape.Stride * row;
            byte* packed = weights[block], target = output + (nint)from * shape.OutputChannels + channel;
            byte* group = source + block / weights.BlocksOfGroup * kernel.picture.Channels * kernel.picture.CodeBytes;
            byte* input = group + from / columns * line + x * step;
            byte* tail = stackalloc byte[tile.Pixels * width];
            byte** addresses = stackalloc byte*[Places.Count(tile.Pixels)], targets = stackalloc byte*[tile.Pixels];
            var places = new Places(addresses, tile.Pixels) { Channels = ulong.MaxValue >> (64 - count) };
            for (int pixel = from; pixel < to;)
            {
                for (int i = 0; i < tile.Pixels; i++)
                {
                    addresses[i] = input;
                    targets[i] = target;
                    places.Outputs[i] = count == width ? target : tail + i * width;
                    if (++pixel >= to) continue;
                    target += shape.OutputChannels;
                    input += step;
                    if (++x < columns) continue;
                    x = 0;
                    input += line - columns * step;
                }
                tile.Codes(runs, kernel.depth, places, packed, codes, block * width);
                for (int i = 0; count < width && i < tile.Pixels; i++) new Span<byte>(tail + i * width, count).CopyTo(new Span<byte>(targets[i], count));
            }
        }
    }
}
