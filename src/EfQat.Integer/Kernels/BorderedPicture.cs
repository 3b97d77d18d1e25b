using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EfQat.Integer.Kernels;

/// <summary>
/// A copy of a picture with a border that holds the code of zero, so that the innermost loops need not ask where a picture ends. Each group's
/// channels are filled up to a multiple of what a loop takes at a time. // [rows, columns, groups, channels]
/// </summary>
/// <param name="Shape">The layer's.</param>
/// <param name="Channels">Of a group, filled up.</param>
/// <param name="CodeBytes">1, or 2 where codes are widened to INT16.</param>
readonly unsafe record struct BorderedPicture(ConvolutionShape Shape, int Channels, int CodeBytes)
{
    /// <summary>Bytes of a pixel.</summary>
    public int PixelBytes => Shape.Groups * Channels * CodeBytes;

    /// <summary>False where the picture itself will do.</summary>
    public bool IsNeeded => CodeBytes > 1 || Shape.Padding > 0 || Shape.Groups * Channels != Shape.InputChannels;

    /// <summary>Copies, each thread its rows.</summary>
    public void Fill(byte* input, int height, int width, byte zero, byte* picture, int rows, int columns, Workers workers) =>
        workers.Run(new Job(this, input, height, width, zero, picture, rows, columns));

    readonly struct Job(BorderedPicture picture, byte* input, int height, int width, byte zero, byte* output, int rows, int columns) : IJob
    {
        public void Run(int index, int threads)
        {
            var (shape, pixelBytes) = (picture.Shape, picture.PixelBytes);
            var (from, to) = Workers.Part(rows, index, threads);
            for (int row = from; row < to; row++)
            {
                byte* line = output + (nint)row * columns * pixelBytes;
                int y = row - shape.Padding, left = shape.Padding;
                if (y < 0 || y >= height)
                {
                    Border(line, columns);
                    continue;
                }
                int inside = Math.Min(width, columns - left);
                Border(line, left);
                Copy(input + (nint)y * width * shape.InputChannels, line + (nint)left * pixelBytes, inside);
                Border(line + (nint)(left + inside) * pixelBytes, columns - left - inside);
            }
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
