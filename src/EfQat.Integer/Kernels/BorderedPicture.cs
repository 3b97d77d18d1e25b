using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EfQat.Integer.Kernels;

/// <summary>
/// A copy of a picture with a border that holds the code of zero, so that the innermost loops need not ask where a picture ends. Each group's
/// channels are filled up to a multiple of what a loop takes at a time. Each thread has a copy of its own, of the rows that it has come to need: so
/// nobody waits for anybody, and they lie in the cache of who reads them. // [rows, columns, groups, channels]
/// </summary>
/// <param name="Shape">The layer's.</param>
/// <param name="Channels">Of a group, filled up.</param>
/// <param name="CodeBytes">1, or 2 where codes are widened to INT16.</param>
/// <param name="Outputs">What the outputs' rows, and columns, are multiples of, by a wider border.</param>
readonly unsafe record struct BorderedPicture(ConvolutionShape Shape, int Channels, int CodeBytes, int Outputs = 1)
{
    /// <summary>Bytes of a pixel.</summary>
    public int PixelBytes => Shape.Groups * Channels * CodeBytes;

    /// <summary>Rows with the border.</summary>
    public int Rows(int height) => height + 2 * Shape.Padding + Missing(Shape.OutputHeight(height));

    /// <summary>Columns with the border.</summary>
    public int Columns(int width) => width + 2 * Shape.Padding + Missing(Shape.OutputWidth(width));

    /// <summary>Bytes of all threads' copies: of each, which rows are there, then the rows. None where the picture itself will do.</summary>
    public int Bytes(int height, int width, int threads) => checked(threads * BytesOfCopy(height, width));

    /// <summary>Copies of which no rows are there yet.</summary>
    /// <param name="input">// [H, W, C]</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="zero">What the border holds.</param>
    /// <param name="memory"><see cref="Bytes"/> from a cache line's beginning.</param>
    /// <param name="threads">How many.</param>
    public Copies Of(byte* input, int height, int width, byte zero, byte* memory, int threads)
    {
        int bytes = BytesOfCopy(height, width);
        for (int thread = 0; bytes > 0 && thread < threads; thread++) *(long*)(memory + (nint)thread * bytes) = 0;
        return new(this, input, height, width, zero, memory, bytes, Columns(width));
    }

    int Missing(int outputs) => (Outputs - outputs % Outputs) % Outputs;

    int BytesOfCopy(int height, int width)
    {
        var (rows, columns) = (Rows(height), Columns(width));
        bool same = CodeBytes == 1 && Shape.Groups * Channels == Shape.InputChannels && (rows, columns) == (height, width);
        return same ? 0 : PinnedMemory<byte>.Alignment + PinnedMemory<byte>.Aligned(checked(rows * columns * PixelBytes));
    }

    /// <summary>The threads' copies.</summary>
    public readonly struct Copies(
        BorderedPicture picture, byte* input, int height, int width, byte zero, byte* memory, int bytes, int columns)
    {
        /// <summary>A thread's copy, in which those rows are there that some rows of outputs read.</summary>
        /// <param name="thread">Which.</param>
        /// <param name="first">The first row of outputs.</param>
        /// <param name="last">The last one.</param>
        /// <returns>Where the copy's first row is, or would be.</returns>
        public byte* For(int thread, int first, int last)
        {
            if (bytes == 0) return input;
            var shape = picture.Shape;
            int from = first * shape.Stride, to = last * shape.Stride + shape.Dilation * (shape.KernelHeight - 1) + 1;
            byte* copy = memory + (nint)thread * bytes, rows = copy + PinnedMemory<byte>.Alignment;
            ref int begin = ref ((int*)copy)[0], end = ref ((int*)copy)[1];
            if (from < begin || from > end) begin = end = from;
            for (; end < to; end++) Row(end - shape.Padding, rows + (nint)end * columns * picture.PixelBytes);
            return rows;
        }

        void Row(int y, byte* line)
        {
            if (y < 0 || y >= height)
            {
                Border(line, columns);
                return;
            }
            int left = picture.Shape.Padding, inside = Math.Min(width, columns - left);
            Border(line, left);
            Copy(input + (nint)y * width * picture.Shape.InputChannels, line + (nint)left * picture.PixelBytes, inside);
            Border(line + (nint)(left + inside) * picture.PixelBytes, columns - left - inside);
        }

        void Border(byte* line, int pixels)
        {
            int codes = pixels * picture.PixelBytes / picture.CodeBytes;
            if (picture.CodeBytes == 1) new Span<byte>(line, codes).Fill(zero);
            else new Span<short>(line, codes).Fill(zero);
        }

        void Copy(byte* source, byte* target, int pixels)
        {
            var (groups, channels) = (picture.Shape.Groups, picture.Shape.InputChannels / picture.Shape.Groups);
            if (channels == picture.Channels)
            {
                Copy(source, target, pixels * groups * channels, 0);
                return;
            }
            if (picture is { CodeBytes: 1, Channels: sizeof(uint) })
            {
                Fill(source, (uint*)target, pixels * groups, channels);
                return;
            }
            for (int i = 0; i < pixels * groups; i++, source += channels, target += picture.Channels * picture.CodeBytes)
                Copy(source, target, channels, picture.Channels - channels);
        }

        void Copy(byte* source, byte* target, int codes, int filling)
        {
            if (picture.CodeBytes == 1)
            {
                new Span<byte>(source, codes).CopyTo(new Span<byte>(target, codes));
                new Span<byte>(target + codes, filling).Clear();
            }
            else
            {
                Widen(source, (short*)target, codes);
                new Span<short>((short*)target + codes, filling).Clear();
            }
        }

        /// <summary>One to three codes of a pixel at a time: a first layer's pictures are large, and calls for so few bytes would take most of its time.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void Fill(byte* source, uint* target, int pixels, int channels)
        {
            int last = pixels - sizeof(uint); // of the last pixels, four bytes from their first could lie behind the picture
            uint mask = (1u << 8 * channels) - 1;
            for (int i = 0; i < pixels; i++, source += channels)
                if (i < last) target[i] = *(uint*)source & mask;
                else
                {
                    target[i] = 0;
                    for (int c = 0; c < channels; c++) ((byte*)(target + i))[c] = source[c];
                }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void Widen(byte* source, short* target, int codes)
        {
            int i = 0;
            for (; i <= codes - Vector256<byte>.Count; i += Vector256<byte>.Count)
            {
                var (lower, upper) = Vector256.Widen(Vector256.Load(source + i));
                lower.AsInt16().Store(target + i);
                upper.AsInt16().Store(target + i + Vector256<short>.Count);
            }
            for (; i < codes; i++) target[i] = source[i];
        }
    }
}
