using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EfQat.Integer.Kernels.Instructions;
using EfQat.Integer.Kernels.Tiles;

namespace EfQat.Integer.Kernels.Winograd;

/// <summary>
/// Tiles are transformed, multiplied tap by tap as small matrix products of INT16, each product at the price of exact INT8's, and transformed
/// back. It pays where the products saved (9/4 for <see cref="TwoByTwo"/>, 4 for <see cref="FourByFour"/>) outweigh the transforms, so with many
/// channels. A tile's input costs some 64 (370) instructions for 16 channels and its output some 44 (300) for a vector, beside 32 (72) for the products of two
/// input channels with that vector. And with few pixels, reading 16 (36) words of weights for 9 bytes costs more than it saves.
/// </summary>
sealed unsafe class WinogradKernel<TTransform, TSet, V, P, TTile> : ConvolutionKernel
    where TTransform : struct, ITransform
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged where TTile : struct, ITile
{
    readonly TTile tile;
    readonly BorderedPicture picture;
    readonly PackedWeights weights;
    readonly CodeTable codes;

    public WinogradKernel(ConvolutionLayer layer, KernelKind kind, TTile tile) : base(layer, kind)
    {
        this.tile = tile;
        int inputs = layer.Shape.InputChannels, unit = Vector256<short>.Count, size = TTransform.Outputs + 2;
        picture = new(layer.Shape, (inputs + unit - 1) / unit * unit, 1, TTransform.Outputs);
        weights = new(layer, size * size, tile.Vectors * TSet.Lanes, sizeof(short), picture.Channels,
            (k, tap, c) => TTransform.Weight(layer.Weights.AsSpan(k * 9 * inputs + c), inputs, tap));
        codes = new(layer, weights.Channels, TSet.Lanes);
    }

    WinogradPlan Plan(int height, int width, int threads) =>
        new(Layer.Shape, height, width, threads, TTransform.Outputs, picture, weights, tile.Pixels);

    public override int ScratchBytes(int height, int width, int threads) => PinnedMemory<byte>.Alignment + Plan(height, width, threads).Bytes;

    private protected override void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers)
    {
        var plan = Plan(height, width, workers.Threads);
        var copies = picture.Of(input, height, width, Layer.InputZero, Aligned(scratch), workers.Threads);
        byte* work = Aligned(scratch) + plan.PictureBytes;
        if (plan.IsShared)
        {
            workers.Run(new Job(this, plan, copies, work, output, transforms: true, multiplies: false), plan.Tiles);
            workers.Run(new Job(this, plan, copies, work, output, transforms: false, multiplies: true), weights.Blocks);
        }
        else workers.Run(new Job(this, plan, copies, work, output, transforms: true, multiplies: true), (plan.Tiles + plan.Batch - 1) / plan.Batch);
    }

    readonly struct Job(
        WinogradKernel<TTransform, TSet, V, P, TTile> kernel, WinogradPlan plan, BorderedPicture.Copies copies, byte* work, byte* output,
        bool transforms, bool multiplies) : IJob
    {
        readonly int batch = plan.Batch, width = kernel.weights.Width, channels = kernel.picture.Channels;

        public void Run(int piece, int thread)
        {
            var shared = (short*)work;
            var products = (int*)(work + (nint)plan.Threads * plan.InputBytes + (nint)thread * plan.ProductBytes);
            if (plan.IsShared)
            {
                if (transforms) Transform(thread, piece, shared + (nint)piece * channels);
                if (multiplies) Block(piece, 0, plan.Tiles, shared, products);
                return;
            }
            short* own = shared + (nint)thread * plan.InputBytes / sizeof(short);
            int from = piece * batch, tiles = Math.Min(batch, plan.Tiles - from);
            for (int i = 0; i < tiles; i++) Transform(thread, from + i, own + (nint)i * channels);
            for (int block = 0; block < kernel.weights.Blocks; block++) Block(block, from, tiles, own, products);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Transform(int thread, int tile, short* target)
        {
            nint row = (nint)plan.Columns * channels;
            int y = tile / plan.TileColumns * TTransform.Outputs, x = tile % plan.TileColumns * TTransform.Outputs;
            TTransform.Input(copies.For(thread, y, y + TTransform.Outputs - 1) + y * row + x * channels, row, channels, target, (nint)batch * channels);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Block(int block, int from, int tiles, short* transformed, int* products)
        {
            var registers = kernel.tile;
            nint offset = 0, bytes = channels * sizeof(short);
            var runs = new Runs(&offset, 1, (int)bytes);
            byte** addresses = stackalloc byte*[registers.Pixels];
            for (int tap = 0; tap < plan.Taps; tap++)
                for (int tile = 0; tile < tiles; tile += registers.Pixels)
                {
                    byte* first = (byte*)transformed + (tap * batch + tile) * bytes;
                    for (int i = 0; i < registers.Pixels; i++) addresses[i] = first + Math.Min(i, tiles - 1 - tile) * bytes;
                    registers.Words(runs, addresses, kernel.weights[block] + tap * kernel.weights.TapBytes, products + (tap * batch + tile) * width);
                }
            for (int tile = 0; tile < tiles; tile++) Store(block, from + tile, products + tile * width);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]
        void Store(int block, int tile, int* products)
        {
            int size = TTransform.Outputs, lanes = TSet.Lanes, vectors = width / lanes, outputs = kernel.Layer.Shape.OutputChannels;
            var (channel, count) = kernel.weights.Block(block);
            int top = tile / plan.TileColumns * size, left = tile % plan.TileColumns * size;
            V* sums = stackalloc V[vectors * size * size];
            byte* tail = stackalloc byte[width];
            for (int v = 0; v < vectors; v++)
                TTransform.Output<TSet, V, P>(products + v * lanes, (nint)batch * width, sums + v, vectors);
            for (int y = top; y < Math.Min(top + size, plan.OutputHeight); y++)
                for (int x = left; x < Math.Min(left + size, plan.OutputWidth); x++)
                {
                    byte* target = output + ((nint)y * plan.OutputWidth + x) * outputs + channel, codes = count == width ? target : tail;
                    kernel.codes.Store<TSet, V, P>((int*)(sums + ((y - top) * size + x - left) * vectors), width, block * width, codes);
                    if (codes == tail) new Span<byte>(tail, count).CopyTo(new Span<byte>(target, count));
                }
        }
    }
}
