using System.Globalization;

namespace EfQat.Quantization;

/// <summary>How many weights share a scale: all of a tensor, those of an output channel, or a group of them along the input dimension.</summary>
public readonly record struct Granularity
{
    private readonly int size;

    private Granularity(int size) => this.size = size;

    /// <summary>One scale for each output channel; the default. // scales [out]</summary>
    public static Granularity PerChannel => default;

    /// <summary>One scale for the whole weight. // scales [1]</summary>
    public static Granularity PerTensor => new(-1);

    /// <summary>One scale for each group of inputs of an output channel; all inputs are a group where there are fewer. // scales [out, in / size]</summary>
    public static Granularity PerGroup(int size) => size > 0
        ? new(size)
        : throw new UserError($"group={size}: a group holds at least 1 input; use for instance group=32");

    /// <summary>The shape of a weight's scales. The weights of a scale lie one after another.</summary>
    /// <param name="weight">The weight's shape: [out, in, …].</param>
    public long[] Scales(long[] weight) => size switch
    {
        -1 => [1],
        0 => [weight[0]],
        _ when weight[1] <= size => [weight[0], 1],
        _ when weight[1] % size == 0 => [weight[0], weight[1] / size],
        _ => throw new UserError($"group={size}: a weight of shape [{string.Join(", ", weight)}] has {weight[1]} inputs, not a multiple of {size}; use a divisor"),
    };

    /// <summary>As an option of a <see cref="Scheme"/>.</summary>
    public override string ToString() => size switch
    {
        -1 => "per-tensor",
        0 => "per-channel",
        _ => string.Create(CultureInfo.InvariantCulture, $"group={size}"),
    };
}
