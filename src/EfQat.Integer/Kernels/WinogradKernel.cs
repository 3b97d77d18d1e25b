using System.Runtime.Intrinsics;
using EfQat.Integer.Kernels.Instructions;
using EfQat.Integer.Kernels.Tiles;

namespace EfQat.Integer.Kernels;

/// <summary>
/// F(2×2, 3×3): a batch of tiles is transformed, multiplied tap by tap as 16 small matrix products of INT16, and transformed back, all within the cache.
/// 16 products where the direct convolution has 36, each at the price of exact INT8's.
/// </summary>
sealed unsafe class WinogradKernel<TSet, V, P, TTile> : ConvolutionKernel
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged where TTile : struct, ITile
{
    /// <summary>Tiles of a batch, at most: then its numbers stay in the second-level cache.</summary>
    const int MaxBatch = 48;

    readonly BorderedPicture picture;
    readonly PackedWeights weights;
    readonly CodeTable codes;

    public WinogradKernel(ConvolutionLayer layer) : base(layer, KernelKind.Winograd)
    {
        int inputs = layer.Shape.InputChannels, unit = Vector256<short>.Count;
        picture = new(layer.Shape, (inputs + unit - 1) / unit * unit, 1);
        weights = new(layer, WinogradTransforms.Taps, TSet.Lanes, sizeof(short), picture.Channels,
            (k, tap, c) => WinogradTransforms.Weight(layer.Weights.AsSpan(k * 9 * inputs + c), inputs, tap));
        codes = new(layer, weights.Channels, TSet.Lanes);
    }

    public override int ScratchBytes(int height, int width, int threads)
    {
        var plan = new Plan(this, height, width, threads);
        return checked(PinnedMemory<byte>.Alignment + plan.PictureBytes + threads * plan.ThreadBytes);
    }

    private protected override void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers)
    {
        var plan = new Plan(this, height, width, workers.Threads);
        byte* source = Aligned(scratch);
        picture.Fill(input, height, width, Layer.InputZero, source, plan.Rows, plan.Columns, workers);
        workers.Run(new Job(this, plan, source, output));
    }

    /// <summary>The sizes of one run.</summary>
    readonly struct Plan
    {
        public Plan(WinogradKernel<TSet, V, P, TTile> kernel, int height, int width, int threads)
        {
            var shape = kernel.Layer.Shape;
            (OutputHeight, OutputWidth) = (shape.OutputHeight(height), shape.OutputWidth(width));
            (TileRows, TileColumns) = ((OutputHeight + 1) / 2, (OutputWidth + 1) / 2);
            int share = (Tiles + threads - 1) / threads, batches = (share + MaxBatch - 1) / MaxBatch;
            Batch = batches == 0 ? 0 : (share + batches - 1) / batches;
            InputBytes = Aligned(WinogradTransforms.Taps * Batch * kernel.picture.Channels * sizeof(short));
            PictureBytes = Aligned(Rows * Columns * kernel.picture.PixelBytes);
            ThreadBytes = InputBytes + WinogradTransforms.Taps * (Batch + TTile.Pixels - 1) * kernel.weights.Width * sizeof(int);
        }

        static int Aligned(int bytes) => (bytes + PinnedMemory<byte>.Alignment - 1) & -PinnedMemory<byte>.Alignment;

        public int OutputHeight { get; }

        public int OutputWidth { get; }

        public int TileRows { get; }

        public int TileColumns { get; }

        public int Tiles => TileRows * TileColumns;

        public int Rows => 2 * TileRows + 2;

        public int Columns => 2 * TileColumns + 2;

        public int Batch { get; }

        public int PictureBytes { get; }

        public int InputBytes { get; }

        public int ThreadBytes { get; }
    }

    readonly struct Job(WinogradKernel<TSet, V, P, TTile> kernel, Plan plan, byte* source, byte* output) : IJob
    {
        public void Run(int index, int threads)
        {
            byte* own = source + plan.PictureBytes + (nint)index * plan.ThreadBytes;
            short* transformed = (short*)own;
            int* products = (int*)(own + plan.InputBytes);
            var (from, to) = Workers.Part(plan.Tiles, index, threads);
            for (; from < to; from += plan.Batch)
            {
                int tiles = Math.Min(plan.Batch, to - from);
                for (int i = 0; i < tiles; i++) Transform(from + i, transformed + (nint)i * kernel.picture.Channels);
                for (int block = 0; block < kernel.weights.Blocks; block++)
                {
                    Multiply(block, tiles, transformed, products);
                    for (int i = 0; i < tiles; i++) Store(block, from + i, products + i * kernel.weights.Width);
                }
            }
        }

        void Transform(int tile, short* target)
        {
            nint row = (nint)plan.Columns * kernel.picture.PixelBytes;
            byte* first = source + tile / plan.TileColumns * 2 * row + tile % plan.TileColumns * 2 * kernel.picture.PixelBytes;
            WinogradTransforms.Input(first, row, kernel.picture.Channels, target, (nint)plan.Batch * kernel.picture.Channels);
        }

        void Multiply(int block, int tiles, short* transformed, int* products)
        {
            nint offset = 0, bytes = kernel.picture.Channels * sizeof(short);
            var runs = new Runs(&offset, 1, (int)bytes);
            byte** addresses = stackalloc byte*[TTile.Pixels];
            for (int tap = 0; tap < WinogradTransforms.Taps; tap++)
                for (int tile = 0; tile < tiles; tile += TTile.Pixels)
                {
                    for (int i = 0; i < TTile.Pixels; i++)
                        addresses[i] = (byte*)transformed + (tap * plan.Batch + Math.Min(tile + i, tiles - 1)) * bytes;
                    TTile.Words(
                        runs, addresses, kernel.weights[block] + tap * kernel.weights.TapBytes, products + (tap * plan.Batch + tile) * kernel.weights.Width);
                }
        }

        void Store(int block, int tile, int* products)
        {
            int lanes = TSet.Lanes, place = block * kernel.weights.Width, outputs = kernel.Layer.Shape.OutputChannels;
            var (channel, count) = kernel.weights.Block(block);
            int y = tile / plan.TileColumns * 2, x = tile % plan.TileColumns * 2;
            V* sums = stackalloc V[8];
            byte* tail = stackalloc byte[2 * lanes];
            for (int half = 0; half < 2; half++)
                WinogradTransforms.Output<TSet, V, P>(products + half * lanes, (nint)plan.Batch * kernel.weights.Width, sums + 4 * half);
            for (int i = 0; i < 4; i++)
            {
                if (y + i / 2 >= plan.OutputHeight || x + i % 2 >= plan.OutputWidth) continue;
                byte* target = output + ((nint)(y + i / 2) * plan.OutputWidth + x + i % 2) * outputs + channel, place0 = count == 2 * lanes ? target : tail;
                TSet.StoreCodes(sums[i], kernel.codes, place, place0);
                TSet.StoreCodes(sums[4 + i], kernel.codes, place + lanes, place0 + lanes);
                if (place0 == tail) new Span<byte>(tail, count).CopyTo(new Span<byte>(target, count));
            }
        }
    }
}
