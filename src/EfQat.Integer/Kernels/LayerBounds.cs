using EfQat.Integer.Kernels.Winograd;

namespace EfQat.Integer.Kernels;

/// <summary>What a layer's sums can reach: checked when a layer is compiled, so that no kernel needs to look at run time.</summary>
public static class LayerBounds
{
    /// <summary>Why this kind cannot compute the layer exactly; null where it can.</summary>
    public static string? Refusal(ConvolutionLayer layer, KernelKind kind) =>
        Malformed(layer) ?? Overflow(layer) ?? kind switch
        {
            KernelKind.Winograd => WinogradRefusal(layer, TwoByTwo.Factor),
            KernelKind.Winograd4 => WinogradRefusal(layer, FourByFour.Factor),
            KernelKind.Depthwise when layer.Shape.Groups != layer.Shape.InputChannels || layer.Shape.Groups != layer.Shape.OutputChannels =>
                $"depthwise kernel: {layer.Shape} has not one filter for each channel; use {nameof(KernelKind.Direct)}",
            KernelKind.Direct16 when Depth(layer, 2) == 0 =>
                $"INT16 accumulation: codes up to {layer.InputMax} times two weights, each up to {layer.Weights.Max(w => Math.Abs((int)w))}, "
                + $"exceed {short.MaxValue}; use {nameof(KernelKind.Direct)}, or quantize to 7 bits",
            _ => null,
        };

    /// <summary>
    /// How many multiply-adds in a row an INT16 sum holds, whatever the codes: the products of one sign alone must fit. With 7 bits,
    /// 63 · 63 · 8 ≤ 32767 (EasyQuant, section 3.3); a layer's own weights often allow more. 0 where not even one fits.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="products">Neighbouring channels that one multiply-add takes together.</param>
    public static int Depth(ConvolutionLayer layer, int products)
    {
        int depth = MaxDepth;
        while (depth > 0 && !Fits(layer, products, depth)) depth--;
        return depth;
    }

    /// <summary>At 8, an instruction in 17 widens; deeper saves no more.</summary>
    const int MaxDepth = 8;

    /// <summary>In the order of <see cref="DirectKernel{TSet, V, P, TTile}"/>: units of four channels, so many to a sum, along a run.</summary>
    static bool Fits(ConvolutionLayer layer, int products, int depth)
    {
        var shape = layer.Shape;
        int channels = shape.InputChannels / shape.Groups, units = (channels + 3) / 4;
        int taps = shape.KernelHeight * shape.KernelWidth, run = shape.TapsAdjoin() ? shape.KernelWidth : 1;
        Span<int> positive = stackalloc int[4], negative = stackalloc int[4];
        for (int tap = 0; tap < shape.OutputChannels * taps; tap++)
            for (int unit = 0; unit < units; unit++)
            {
                if ((tap % taps % run * units + unit) % depth == 0)
                {
                    positive.Clear();
                    negative.Clear();
                }
                for (int c = 4 * unit; c < Math.Min(4 * unit + 4, channels); c++)
                {
                    int weight = layer.Weights[tap * channels + c], sum = c % 4 / products;
                    positive[sum] += Math.Max(weight, 0);
                    negative[sum] -= Math.Min(weight, 0);
                    if (Math.Max(positive[sum], negative[sum]) * layer.InputMax > short.MaxValue) return false;
                }
            }
        return true;
    }

    static string? Malformed(ConvolutionLayer layer)
    {
        var (shape, output) = (layer.Shape, layer.Output);
        if (shape is not { InputChannels: > 0, OutputChannels: > 0, KernelHeight: > 0, KernelWidth: > 0, Stride: > 0, Dilation: > 0, Groups: > 0 }
            || shape.Padding < 0)
            return $"{shape}: sizes must be positive";
        if (shape.InputChannels % shape.Groups != 0 || shape.OutputChannels % shape.Groups != 0)
            return $"{shape}: channels must be multiples of the groups";
        int channels = shape.OutputChannels, weights = channels * shape.KernelHeight * shape.KernelWidth * (shape.InputChannels / shape.Groups);
        if (layer.Weights.Length != weights) return $"{shape}: {layer.Weights.Length} weights, not {weights}";
        if (layer.Bias.Length != channels || output.Multiplier.Length != channels || output.Shift.Length != channels || output.Fraction.Length != channels)
            return $"{shape}: bias, multiplier, shift and fraction must have {channels} values each";
        if (layer.InputZero > layer.InputMax) return $"{shape}: the code of zero, {layer.InputZero}, is above the largest, {layer.InputMax}";
        if (output.Min > output.Max) return $"{shape}: the lowest code, {output.Min}, is above the highest, {output.Max}";
        if (output.Shift.Any(shift => shift is < 1 or > 62)) return $"{shape}: a shift is outside [1, 62]";
        bool known = output.Multiplier.All(multiplier => multiplier is 0 or >= 1 << 30);
        return known ? null : $"{shape}: a multiplier is neither 0 nor in [2^30, 2^31)";
    }

    static string? Overflow(ConvolutionLayer layer)
    {
        long reach = Reach(layer, 1);
        return reach > int.MaxValue ? $"{layer.Shape}: a sum can reach {reach}, beyond INT32; use fewer input channels or fewer bits" : null;
    }

    static string? WinogradRefusal(ConvolutionLayer layer, int factor)
    {
        if (layer.Shape is not { KernelHeight: 3, KernelWidth: 3, Stride: 1, Dilation: 1, Groups: 1 })
            return $"Winograd: {layer.Shape} is not a 3×3 convolution of stride 1 without dilation or groups; use {nameof(KernelKind.Direct)}";
        long reach = Reach(layer, factor);
        return reach > int.MaxValue ? $"Winograd: {factor} times a sum can reach {reach}, beyond INT32; use {nameof(KernelKind.Direct)}" : null;
    }

    /// <summary>The largest magnitude that a sum can have, some times over.</summary>
    static long Reach(ConvolutionLayer layer, int times)
    {
        int length = layer.Weights.Length / layer.Shape.OutputChannels;
        long reach = 0;
        for (int k = 0; k < layer.Shape.OutputChannels; k++)
        {
            long positive = 0, negative = 0;
            foreach (sbyte weight in layer.Weights.AsSpan(k * length, length))
                if (weight > 0) positive += weight;
                else negative -= weight;
            long bias = layer.Bias[k], highest = positive * layer.InputMax, lowest = -negative * layer.InputMax;
            reach = new[] { reach, times * highest, -times * lowest, Math.Abs(bias + highest), Math.Abs(bias + lowest) }.Max();
        }
        return reach;
    }
}
