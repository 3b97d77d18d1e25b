namespace EfQat.Display;

/// <summary>Pictures of one size in rows, as one PNG: grey, or red, green and blue.</summary>
public sealed class ImageGrid : IDisplayable
{
    const int Gap = 2;
    readonly byte[] png;
    readonly int count, width;

    /// <param name="pixels">The pictures one after another, each plane by plane. // N·C·H·W</param>
    /// <param name="channels">C, 1 or 3.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="columns">Pictures in a row.</param>
    /// <exception cref="ArgumentException">The pixels are no whole number of pictures, or there are neither 1 nor 3 channels.</exception>
    public ImageGrid(ReadOnlySpan<byte> pixels, int channels, int height, int width, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        if (channels is not (1 or 3))
            throw new ArgumentException($"{channels} channels: a picture is grey (1) or red, green and blue (3)", nameof(channels));
        int size = channels * height * width;
        if (pixels.IsEmpty || pixels.Length % size != 0)
            throw new ArgumentException($"{pixels.Length} bytes are no whole number of pictures of {channels}×{height}×{width}", nameof(pixels));

        count = pixels.Length / size;
        int rows = (count + columns - 1) / columns;
        this.width = columns * (width + Gap) - Gap;
        var canvas = new byte[(rows * (height + Gap) - Gap) * this.width * channels]; // H·W·C
        for (var i = 0; i < pixels.Length; i++)
        {
            int x = i % width, y = i / width % height, channel = i / (width * height) % channels, image = i / size;
            int row = image / columns * (height + Gap) + y, column = image % columns * (width + Gap) + x;
            canvas[(row * this.width + column) * channels + channel] = pixels[i];
        }
        png = Png.Encode(canvas, channels, this.width);
    }

    /// <summary>The file.</summary>
    public ReadOnlySpan<byte> ToPng() => png;

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle()
    {
        string data = Convert.ToBase64String(png);
        string html = $"<img style=\"width: {2 * width}px; max-width: 100%; image-rendering: pixelated\" alt=\"{count} pictures\" src=\"data:image/png;base64,{data}\">";
        return MimeBundle.Html(html, $"{count} pictures");
    }
}
