using EfQat.Datasets;
using LocalTorch.Tests;

namespace EfQat.Tests.Datasets;

public sealed class BilinearResizeTests
{
    static Picture Noise(int width, int height)
    {
        var rgb = new byte[3 * width * height];
        new Random(1).NextBytes(rgb);
        return new(rgb, width, height);
    }

    /// <summary>The stated rule in plain doubles, along the first of two axes: every input pixel has a weight for every output pixel.</summary>
    static double[,] Along(double[,] input, int to)
    {
        int from = input.GetLength(0);
        double scale = (double)from / to, half = Math.Max(scale, 1);
        var output = new double[to, input.GetLength(1)];
        for (int i = 0; i < to; i++)
        {
            double Weight(int k) => Math.Max(0, 1 - Math.Abs(k + 0.5 - (i + 0.5) * scale) / half);
            double sum = Enumerable.Range(0, from).Sum(Weight);
            for (int j = 0; j < output.GetLength(1); j++)
                output[i, j] = Math.Floor(Enumerable.Range(0, from).Sum(k => Weight(k) * input[k, j]) / sum + 0.5);
        }
        return output;
    }

    static double[,] Transposed(double[,] a)
    {
        var result = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < a.GetLength(0); i++)
            for (int j = 0; j < a.GetLength(1); j++) result[j, i] = a[i, j];
        return result;
    }

    /// <summary>One channel of a part, resized. // [height, width]</summary>
    public static double[,] Rule(double[,] channel, int width, int height) => Along(Transposed(Along(Transposed(channel), width)), height);

    static double[,] Channel(Picture picture, Box part, int c)
    {
        var channel = new double[part.Height, part.Width];
        for (int y = 0; y < part.Height; y++)
            for (int x = 0; x < part.Width; x++) channel[y, x] = picture.Rgb[3 * ((part.Top + y) * picture.Width + part.Left + x) + c];
        return channel;
    }

    [Theory]
    [InlineData(16, 29), InlineData(50, 11), InlineData(37, 23), InlineData(3, 60)]
    public void Each_pixel_follows_the_rule(int width, int height)
    {
        var picture = Noise(45, 30);
        Box part = new(5, 3, 37, 23), window = new(1, 2, width - 2, height - 5);
        var actual = BilinearResize.Of(picture, part, width, height, window);
        Assert.Equal((window.Width, window.Height), (actual.Width, actual.Height));
        int ties = 0;
        for (int c = 0; c < 3; c++)
        {
            var expected = Rule(Channel(picture, part, c), width, height);
            for (int y = 0; y < window.Height; y++)
                for (int x = 0; x < window.Width; x++)
                {
                    double error = Math.Abs(actual.Rgb[3 * (y * window.Width + x) + c] - expected[window.Top + y, window.Left + x]);
                    Assert.InRange(error, 0, 1);
                    if (error > 0) ties++;
                }
        }
        Assert.InRange(ties, 0, actual.Rgb.Length / 20);  // exact halves, which floats round the other way than doubles
    }

    [Fact]
    public void The_same_size_is_the_same_picture() =>
        Assert.Equal(Noise(9, 7).Rgb, BilinearResize.Of(Noise(9, 7), new(0, 0, 9, 7), 9, 7, new(0, 0, 9, 7)).Rgb);

    /// <summary>PyTorch keeps floats between the axes: half a step there and half a step at the end.</summary>
    [SkippableFact]
    public void It_is_PyTorchs_antialiased_interpolation()
    {
        var picture = Noise(40, 31);
        var expected = PyTorch.Run($"""
            x = torch.tensor({System.Text.Json.JsonSerializer.Serialize(picture.Rgb.Select(value => (int)value))}, dtype=torch.float64).reshape(1, 31, 40, 3).permute(0, 3, 1, 2)
            y = torch.nn.functional.interpolate(x, size=(12, 55), mode='bilinear', antialias=True)
            print(json.dumps(y.permute(0, 2, 3, 1).flatten().tolist()))
            """).Doubles();
        var actual = BilinearResize.Of(picture, new(0, 0, 40, 31), 55, 12, new(0, 0, 55, 12)).Rgb;
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++) Assert.InRange(Math.Abs(expected[i] - actual[i]), 0, 1.001);
    }
}
