using System.Runtime.CompilerServices;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels;

/// <summary>
/// One filter for each channel: four vectors of channels at a time; a multiply-add takes two taps. The picture is not copied: where taps lie outside
/// of it, their offsets lead to a pixel of zeros.
/// </summary>
sealed unsafe class DepthwiseKernel<TSet, V, P> : ConvolutionKernel
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
{
    /// <summary>Most pixels of a piece.</summary>
    const int Stretch = 64;

    readonly int channels, blocks, taps, pairs;
    readonly PinnedMemory<short> weights;
    readonly PinnedMemory<byte> zeros;
    readonly CodeTable codes;

    /// <summary>From where an output reads, and the offsets of its taps.</summary>
    readonly struct Place(byte* input, nint* offsets)
    {
        public readonly byte* Input = input;

        public readonly nint* Offsets = offsets;
    }

    public DepthwiseKernel(ConvolutionLayer layer) : base(layer, KernelKind.Depthwise)
    {
        var shape = layer.Shape;
        (channels, taps) = (shape.InputChannels, shape.KernelHeight * shape.KernelWidth);
        (blocks, pairs) = ((channels + Width - 1) / Width, (taps + 1) / 2);
        weights = new(blocks * pairs * 2 * Width);
        int[] places = [.. Enumerable.Range(0, blocks * Width).Select(Channel)];
        for (int place = 0; place < places.Length; place++)
            for (int tap = 0; tap < taps && places[place] is >= 0 and var c; tap++)
                weights.Pointer[((place / Width * pairs + tap / 2) * Width + place % Width) * 2 + tap % 2] = layer.Weights[c * taps + tap];
        zeros = new(Math.Max(channels, Width));
        new Span<byte>(zeros.Pointer, channels).Fill(layer.InputZero);
        codes = new(layer, places, TSet.Lanes);
    }

    /// <summary>Channels of a block.</summary>
    static int Width => 4 * TSet.Lanes;

    /// <summary>A block's first channel. The last block overlaps the one before where else it would go beyond the last channel.</summary>
    int First(int block) => Math.Max(0, Math.Min(block * Width, channels - Width));

    int Channel(int place) => First(place / Width) + TSet.Order(place % Width) is var channel && channel < channels ? channel : -1;

    int OffsetBytes => PinnedMemory<byte>.Aligned(2 * pairs * sizeof(nint));

    /// <summary>A thread's: the places of a stretch, and their offsets.</summary>
    int PlaceBytes => Stretch * (sizeof(Place) + OffsetBytes);

    /// <summary>A copy of the input, with room behind it, where of the last pixel more is read than it has.</summary>
    int CopyBytes(int height, int width) => channels < Width ? checked(height * width * channels + Width) : 0;

    public override int ScratchBytes(int height, int width, int threads) =>
        checked(PinnedMemory<byte>.Alignment + OffsetBytes + threads * PlaceBytes + CopyBytes(height, width));

    private protected override void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers)
    {
        var shape = Layer.Shape;
        var inside = (nint*)Aligned(scratch);
        byte* places = (byte*)inside + OffsetBytes, copy = places + workers.Threads * PlaceBytes;
        if (channels < Width)
        {
            new Span<byte>(input, height * width * channels).CopyTo(new Span<byte>(copy, height * width * channels));
            input = copy;
        }
        int pixels = shape.OutputHeight(height) * shape.OutputWidth(width);
        int stretch = Math.Min(Stretch, (pixels + workers.Threads - 1) / workers.Threads);
        var job = new Job(this, input, height, width, pixels, stretch, inside, places, output);
        job.Offsets(0, 0, true, inside);
        workers.Run(job, (pixels + stretch - 1) / stretch);
    }

    readonly struct Job(
        DepthwiseKernel<TSet, V, P> kernel, byte* input, int height, int width, int pixels, int stretch, nint* inside, byte* places, byte* output)
        : IJob
    {
        public void Run(int piece, int thread)
        {
            int from = piece * stretch, count = Math.Min(stretch, pixels - from);
            var found = (Place*)(places + (nint)thread * kernel.PlaceBytes);
            Find(from, count, found);
            for (int block = 0; block < kernel.blocks; block++) Block(block, found, count, output + (nint)from * kernel.channels);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Find(int from, int count, Place* found)
        {
            var shape = kernel.Layer.Shape;
            int columns = shape.OutputWidth(width);
            int down = shape.Dilation * (shape.KernelHeight - 1), right = shape.Dilation * (shape.KernelWidth - 1);
            var offsets = (nint*)(found + Stretch);
            for (int i = 0, row = from / columns, column = from % columns; i < count; i++)
            {
                int y = row * shape.Stride - shape.Padding, x = column * shape.Stride - shape.Padding;
                if (y >= 0 && x >= 0 && y + down < height && x + right < width)
                    found[i] = new(input + ((nint)y * width + x) * kernel.channels, inside);
                else
                {
                    found[i] = new(input, offsets);
                    Offsets(y, x, false, offsets);
                    offsets += 2 * kernel.pairs;
                }
                if (++column == columns) (row, column) = (row + 1, 0);
            }
        }

        /// <summary>Those of the taps from a pixel on; an odd last one's twice.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Offsets(int y, int x, bool areInside, nint* offsets)
        {
            var shape = kernel.Layer.Shape;
            for (int i = 0; i < 2 * kernel.pairs; i++)
            {
                int tap = Math.Min(i, kernel.taps - 1);
                int row = y + tap / shape.KernelWidth * shape.Dilation, column = x + tap % shape.KernelWidth * shape.Dilation;
                bool isInside = areInside || (row >= 0 && column >= 0 && row < height && column < width);
                offsets[i] = isInside ? ((nint)row * width + column) * kernel.channels : (nint)(kernel.zeros.Pointer - input);
            }
        }

        /// <summary>What is written beyond few channels, the next pixel's codes replace; the piece's last ones have no room for it.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]
        void Block(int block, Place* found, int count, byte* target)
        {
            var (channels, first, rowLength) = (kernel.channels, kernel.First(block), CodeTable.Vectors * TSet.Lanes);
            int* row = kernel.codes.Row(block * Width);
            byte* weights = (byte*)(kernel.weights.Pointer + (nint)block * kernel.pairs * 2 * Width);
            byte* tail = stackalloc byte[Width], end = target + count * channels;
            target += first;
            for (var stop = found + count; found < stop; found++, target += channels)
            {
                byte* source = found->Input + first, weight = weights;
                V a = default, b = default, c = default, d = default;
                for (nint* offset = found->Offsets, last = offset + 2 * kernel.pairs; offset < last; offset += 2, weight += 4 * sizeof(V))
                {
                    TSet.Pairs(source + offset[0], source + offset[1], out var p, out var q, out var r, out var s);
                    a = TSet.MultiplyAddWords(a, p, TSet.Load(weight));
                    b = TSet.MultiplyAddWords(b, q, TSet.Load(weight + sizeof(V)));
                    c = TSet.MultiplyAddWords(c, r, TSet.Load(weight + 2 * sizeof(V)));
                    d = TSet.MultiplyAddWords(d, s, TSet.Load(weight + 3 * sizeof(V)));
                }
                bool fits = target + Width <= end;
                TSet.StoreCodes(
                    TSet.Round(a, row), TSet.Round(b, row + rowLength), TSet.Round(c, row + 2 * rowLength), TSet.Round(d, row + 3 * rowLength),
                    row, fits ? target : tail);
                if (!fits) new Span<byte>(tail, channels).CopyTo(new Span<byte>(target, channels));
            }
        }
    }
}
