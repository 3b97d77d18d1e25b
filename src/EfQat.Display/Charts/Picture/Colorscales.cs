namespace EfQat.Display;

/// <summary>plotly.js' colour scales, between whose stops colours are mixed.</summary>
static class Colorscales
{
    static readonly Dictionary<string, (double At, int Rgb)[]> Stops = new()
    {
        ["Viridis"] = [(0, 0x440154), (0.25, 0x3b528b), (0.5, 0x21918c), (0.75, 0x5ec962), (1, 0xfde725)],
        ["Cividis"] = [(0, 0x00224e), (0.25, 0x434e6c), (0.5, 0x7d7c78), (0.75, 0xbcae6c), (1, 0xfee838)],
        ["Blues"] = [(0, 0x050aac), (0.35, 0x283cbe), (0.5, 0x4664f5), (0.6, 0x5a78f5), (0.7, 0x6a89f7), (1, 0xdcdcdc)],
        ["Greens"] = [(0, 0x00441b), (0.25, 0x238b45), (0.5, 0x74c476), (0.75, 0xc7e9c0), (1, 0xf7fcf5)],
        ["RdBu"] = [(0, 0x050aac), (0.35, 0x6a89f7), (0.5, 0xbebebe), (0.6, 0xdcaa84), (0.7, 0xe6915a), (1, 0xb20a1c)],
        ["Greys"] = [(0, 0x000000), (1, 0xffffff)],
    };

    /// <summary>The colour at a place between 0 and 1.</summary>
    public static string At(string scale, double place)
    {
        var stops = Stops[scale];
        var i = Math.Max(1, Array.FindIndex(stops, s => s.At >= place));
        var ((from, a), (to, b)) = (stops[i - 1], stops[i]);
        int Mix(int shift) => (int)Math.Round(double.Lerp((a >> shift) & 255, (b >> shift) & 255, (place - from) / (to - from)));
        return $"#{Mix(16):x2}{Mix(8):x2}{Mix(0):x2}";
    }
}
