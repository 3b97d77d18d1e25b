using System.Runtime.CompilerServices;
using EfQat.Integer.Kernels.Instructions;
using EfQat.Integer.Kernels.Tiles;

namespace EfQat.Integer.Kernels;

/// <summary>
/// The convolution as it is written: each block of output channels goes over all pixels, tile by tile, its weights staying in the cache. With a
/// depth, products of bytes are added up in INT16 first; without, operands are INT16 and sums INT32.
/// </summary>
sealed unsafe class DirectKernel<TSet, V, P, TTile> : ConvolutionKernel
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged where TTile : struct, ITile
{
    readonly int depth;
    readonly BorderedPicture picture;
    readonly PackedWeights weights;
    readonly CodeTable codes;
    readonly int runs, runBytes;

    public DirectKernel(ConvolutionLayer layer, KernelKind kind) : base(layer, kind)
    {
        var shape = layer.Shape;
        int inputs = shape.InputChannels / shape.Groups, taps = shape.KernelHeight * shape.KernelWidth;
        depth = kind == KernelKind.Direct16 ? LayerBounds.Depth(layer, TSet.Products) : 0;
        int codeBytes = depth > 0 ? 1 : 2, unit = 4 / codeBytes;
        picture = new(shape, (inputs + unit - 1) / unit * unit, codeBytes);
        weights = new(layer, taps, TSet.Lanes, codeBytes, picture.Channels, (k, tap, c) => layer.Weights[(k * taps + tap) * inputs + c]);
        codes = new(layer, weights.Channels, TSet.Lanes);
        runs = shape.TapsAdjoin() ? shape.KernelHeight : taps;
        runBytes = taps / runs * picture.Channels * codeBytes;
    }

    int PictureBytes(int height, int width) =>
        picture.IsNeeded ? (height + 2 * Layer.Shape.Padding) * (width + 2 * Layer.Shape.Padding) * picture.PixelBytes : 0;

    public override int ScratchBytes(int height, int width, int threads) =>
        checked(PinnedMemory<byte>.Alignment + (runs + 1) * sizeof(nint) + PictureBytes(height, width));

    private protected override void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers)
    {
        var (shape, pad) = (Layer.Shape, 2 * Layer.Shape.Padding);
        byte* source = input;
        if (picture.IsNeeded)
        {
            source = Aligned(scratch);
            picture.Fill(input, height, width, Layer.InputZero, source, height + pad, width + pad, workers);
        }
        var offsets = (nint*)(Aligned(scratch) + PictureBytes(height, width) / sizeof(nint) * sizeof(nint) + sizeof(nint));
        nint row = (nint)(width + pad) * picture.PixelBytes;
        for (int run = 0, columns = runs / shape.KernelHeight; run < runs; run++)
            offsets[run] = shape.Dilation * (run / columns * row + run % columns * picture.PixelBytes);
        workers.Run(new Job(this, source, row, shape.OutputHeight(height) * shape.OutputWidth(width), shape.OutputWidth(width), offsets, output));
    }

    readonly struct Job(DirectKernel<TSet, V, P, TTile> kernel, byte* source, nint row, int pixels, int columns, nint* offsets, byte* output) : IJob
    {
        public void Run(int index, int threads)
        {
            var weights = kernel.weights;
            // Threads share the blocks where the weights are the larger part to read, else the pixels.
            bool share = weights.Blocks % threads == 0 && weights.Blocks * (long)weights.BlockBytes > pixels * (long)kernel.picture.PixelBytes;
            var (first, last) = share ? Workers.Part(weights.Blocks, index, threads) : (0, weights.Blocks);
            var (from, to) = share ? (0, pixels) : Workers.Part(pixels, index, threads);
            for (int block = first; block < last; block++) Block(block, from, to);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Block(int block, int from, int to)
        {
            var (shape, weights, codes) = (kernel.Layer.Shape, kernel.weights, kernel.codes);
            var (channel, count) = weights.Block(block);
            var runs = new Runs(offsets, kernel.runs, kernel.runBytes);
            int lanes = TSet.Lanes, place = block * weights.Width;
            nint step = (nint)shape.Stride * kernel.picture.PixelBytes;
            byte* packed = weights[block], group = source + block / weights.BlocksOfGroup * kernel.picture.Channels * kernel.picture.CodeBytes;
            int* sums = stackalloc int[TTile.Pixels * 2 * lanes];
            byte** addresses = stackalloc byte*[TTile.Pixels];
            byte* tail = stackalloc byte[2 * lanes];
            int y = from / columns, x = from % columns;
            for (int pixel = from; pixel < to; pixel += TTile.Pixels)
            {
                int tile = Math.Min(TTile.Pixels, to - pixel);
                for (int i = 0; i < TTile.Pixels; i++)
                {
                    addresses[i] = i < tile ? group + y * shape.Stride * row + x * step : addresses[i - 1];
                    if (i < tile && ++x == columns) (x, y) = (0, y + 1);
                }
                if (kernel.depth > 0) TTile.Bytes(runs, kernel.depth, addresses, packed, sums);
                else TTile.Words(runs, addresses, packed, sums);
                for (int i = 0; i < tile; i++)
                {
                    byte* target = output + (nint)(pixel + i) * shape.OutputChannels + channel, place0 = count == 2 * lanes ? target : tail;
                    TSet.StoreCodes(TSet.Load(sums + 2 * i * lanes), codes, place, place0);
                    TSet.StoreCodes(TSet.Load(sums + (2 * i + 1) * lanes), codes, place + lanes, place0 + lanes);
                    if (place0 == tail) new Span<byte>(tail, count).CopyTo(new Span<byte>(target, count));
                }
            }
        }
    }
}
