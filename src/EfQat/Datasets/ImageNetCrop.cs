namespace EfQat.Datasets;

/// <summary>The 224×224 pixels of a photograph that a network for ImageNet sees, as in torchvision's recipes.</summary>
static class ImageNetCrop
{
    public const int Side = 224;
    const int ShorterSide = 256, Attempts = 10;
    const double SmallestArea = 0.08, WidestAspect = 4.0 / 3;

    /// <summary>For evaluation: the shorter side becomes 256, the middle is kept. // [224, 224, 3]</summary>
    public static Picture Centre(Picture picture)
    {
        int shorter = Math.Min(picture.Width, picture.Height);
        int width = (int)((long)ShorterSide * picture.Width / shorter), height = (int)((long)ShorterSide * picture.Height / shorter);
        var window = new Box((int)Math.Round((width - Side) / 2.0), (int)Math.Round((height - Side) / 2.0), Side, Side);
        return BilinearResize.Of(picture, new(0, 0, picture.Width, picture.Height), width, height, window);
    }

    /// <summary>For training: a random part of the picture, made square (arXiv 1409.4842, §6). // [224, 224, 3]</summary>
    public static Picture Random(Picture picture, ref SplitMix64 random) =>
        BilinearResize.Of(picture, RandomPart(picture.Width, picture.Height, ref random), Side, Side, new(0, 0, Side, Side));

    /// <summary>8 to 100 % of the area, 3:4 to 4:3 wide; where ten attempts do not fit into the picture, the largest such part in its middle.</summary>
    internal static Box RandomPart(int width, int height, ref SplitMix64 random)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double area = (double)width * height * (SmallestArea + (1 - SmallestArea) * random.Uniform());
            double aspect = Math.Exp((2 * random.Uniform() - 1) * Math.Log(WidestAspect));
            int w = (int)Math.Round(Math.Sqrt(area * aspect)), h = (int)Math.Round(Math.Sqrt(area / aspect));
            if (w >= 1 && w <= width && h >= 1 && h <= height) return new(random.Below(width - w + 1), random.Below(height - h + 1), w, h);
        }
        int widest = Math.Min(width, (int)Math.Round(height * WidestAspect)), highest = Math.Min(height, (int)Math.Round(width * WidestAspect));
        return new((width - widest) / 2, (height - highest) / 2, widest, highest);
    }
}
