using System.Runtime.CompilerServices;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels;

/// <summary>One filter for each channel: a vector of channels at a time, of four pixels; three instructions for as many products as lanes.</summary>
sealed unsafe class DepthwiseKernel<TSet, V, P> : ConvolutionKernel
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
{
    const int Pixels = 4, Stretch = 16 * Pixels;

    readonly int taps, blocks;
    readonly BorderedPicture picture;
    readonly PinnedMemory<int> weights;
    readonly CodeTable codes;

    public DepthwiseKernel(ConvolutionLayer layer) : base(layer, KernelKind.Depthwise)
    {
        var shape = layer.Shape;
        (taps, blocks) = (shape.KernelHeight * shape.KernelWidth, (shape.InputChannels + TSet.Lanes - 1) / TSet.Lanes);
        int channels = blocks * TSet.Lanes;
        picture = new(shape with { Groups = 1 }, channels, 1);
        weights = new(channels * taps);
        for (int c = 0; c < shape.InputChannels; c++)
            for (int tap = 0; tap < taps; tap++)
                weights.Pointer[(c / TSet.Lanes * taps + tap) * TSet.Lanes + c % TSet.Lanes] = layer.Weights[c * taps + tap];
        codes = new(layer, [.. Enumerable.Range(0, channels).Select(c => c < shape.InputChannels ? c : -1)], TSet.Lanes);
    }

    int OffsetBytes => PinnedMemory<byte>.Aligned(taps * sizeof(nint));

    public override int ScratchBytes(int height, int width, int threads) =>
        checked(PinnedMemory<byte>.Alignment + OffsetBytes + picture.Bytes(height, width, threads));

    private protected override void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers)
    {
        var shape = Layer.Shape;
        var offsets = (nint*)Aligned(scratch);
        int columns = picture.Columns(width);
        var copies = picture.Of(input, height, width, Layer.InputZero, (byte*)offsets + OffsetBytes, workers.Threads);
        for (int tap = 0; tap < taps; tap++)
            offsets[tap] = (nint)shape.Dilation * (tap / shape.KernelWidth * columns + tap % shape.KernelWidth) * picture.PixelBytes;
        int pixels = shape.OutputHeight(height) * shape.OutputWidth(width);
        workers.Run(new Job(this, copies, columns, pixels, shape.OutputWidth(width), offsets, output), (pixels + Stretch - 1) / Stretch);
    }

    readonly struct Job(
        DepthwiseKernel<TSet, V, P> kernel, BorderedPicture.Copies copies, int width, int pixels, int columns, nint* offsets, byte* output) : IJob
    {
        public void Run(int piece, int thread)
        {
            int from = piece * Stretch, to = Math.Min(pixels, from + Stretch);
            byte* source = copies.For(thread, from / columns, (to - 1) / columns);
            for (int block = 0; block < kernel.blocks; block++) Block(block, from, to, source);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Block(int block, int from, int to, byte* source)
        {
            var (channels, lanes) = (kernel.Layer.Shape.InputChannels, TSet.Lanes);
            int channel = block * lanes, count = Math.Min(lanes, channels - channel);
            byte* tail = stackalloc byte[lanes];
            V* sums = stackalloc V[Pixels];
            for (int pixel = from; pixel < to; pixel += Pixels)
            {
                Sums(pixel, to, kernel.weights.Pointer + channel * kernel.taps, source + channel, sums);
                for (int i = 0; i < Math.Min(Pixels, to - pixel); i++)
                {
                    byte* target = output + (nint)(pixel + i) * channels + channel;
                    kernel.codes.Store<TSet, V, P>((int*)(sums + i), lanes, channel, count == lanes ? target : tail);
                    if (count < lanes) new Span<byte>(tail, count).CopyTo(new Span<byte>(target, count));
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Sums(int pixel, int end, int* weights, byte* first, V* sums)
        {
            byte* p0 = first + Offset(pixel), p1 = first + Offset(Math.Min(pixel + 1, end - 1));
            byte* p2 = first + Offset(Math.Min(pixel + 2, end - 1)), p3 = first + Offset(Math.Min(pixel + 3, end - 1));
            V a = default, b = default, c = default, d = default;
            for (int tap = 0; tap < kernel.taps; tap++, weights += TSet.Lanes)
            {
                var (weight, offset) = (TSet.Load(weights), offsets[tap]);
                a = TSet.MultiplyAddWords(a, TSet.Widen(p0 + offset), weight);
                b = TSet.MultiplyAddWords(b, TSet.Widen(p1 + offset), weight);
                c = TSet.MultiplyAddWords(c, TSet.Widen(p2 + offset), weight);
                d = TSet.MultiplyAddWords(d, TSet.Widen(p3 + offset), weight);
            }
            (sums[0], sums[1], sums[2], sums[3]) = (a, b, c, d);
        }

        nint Offset(int pixel) =>
            ((nint)(pixel / columns) * width + pixel % columns) * kernel.Layer.Shape.Stride * kernel.picture.PixelBytes;
    }
}
