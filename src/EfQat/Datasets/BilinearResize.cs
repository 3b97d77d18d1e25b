namespace EfQat.Datasets;

/// <summary>
/// Bilinear resizing with antialiasing, by the rule that PIL and torchvision follow for pictures of bytes. Along one axis of n pixels that become m:
/// <code>
/// scale  = n / m                     half = max(scale, 1)
/// out[i] = Σ in[k]·w[k] / Σ w[k],    w[k] = max(0, 1 − |k + ½ − (i + ½)·scale| / half),  k inside the picture
/// </code>
/// Rows are made narrower first, then columns shorter; each result is rounded to a byte.
/// </summary>
static class BilinearResize
{
    /// <summary>Resizes a part of a picture and returns a window of the result.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="part">What is resized; nothing outside of it counts.</param>
    /// <param name="width">Of the whole result.</param>
    /// <param name="height">Of the whole result.</param>
    /// <param name="window">Which of its pixels are wanted: the others are not computed.</param>
    public static Picture Of(Picture picture, Box part, int width, int height, Box window)
    {
        Taps[] columns = Axis(part.Width, width, window.Left, window.Width), rows = Axis(part.Height, height, window.Top, window.Height);
        int first = rows[0].First, last = rows[^1].First + rows[^1].Weights.Length, line = 3 * window.Width;
        var narrow = new byte[(last - first) * line]; // [last − first, window.Width, 3]
        for (int y = first; y < last; y++)
            for (int x = 0; x < window.Width; x++)
                Sum(picture.Rgb.AsSpan(3 * ((part.Top + y) * picture.Width + part.Left + columns[x].First)), 3, columns[x].Weights,
                    narrow.AsSpan((y - first) * line + 3 * x, 3));
        var result = new byte[window.Height * line];
        for (int y = 0; y < window.Height; y++)
            Sum(narrow.AsSpan((rows[y].First - first) * line), line, rows[y].Weights, result.AsSpan(y * line, line));
        return new(result, window.Width, window.Height);
    }

    /// <summary>Which pixels an output pixel is made of.</summary>
    readonly record struct Taps(int First, float[] Weights);

    static Taps[] Axis(int from, int to, int first, int count) => [.. Enumerable.Range(first, count).Select(i =>
    {
        double scale = (double)from / to, half = Math.Max(scale, 1), centre = (i + 0.5) * scale;
        int start = Math.Max(0, (int)(centre - half + 0.5)), end = Math.Min(from, (int)(centre + half + 0.5));
        double[] weights = [.. Enumerable.Range(start, end - start).Select(k => Math.Max(0, 1 - Math.Abs(k + 0.5 - centre) / half))];
        double sum = weights.Sum();
        return new Taps(start, [.. weights.Select(weight => (float)(weight / sum))]);
    })];

    /// <summary>target[j] = Σ weights[k]·source[k·stride + j]</summary>
    static void Sum(ReadOnlySpan<byte> source, int stride, float[] weights, Span<byte> target)
    {
        for (int j = 0; j < target.Length; j++)
        {
            float sum = 0.5f;
            for (int k = 0; k < weights.Length; k++) sum += weights[k] * source[k * stride + j];
            target[j] = (byte)sum;
        }
    }
}
