namespace EfQat.Tests.Backward;

/// <summary>Tensors for tests, and how they compare with plain arrays.</summary>
internal static class PlainArrays
{
    public static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    public static double[] Values(Tensor tensor) => [.. tensor.detach().to(float64).data<double>().ToArray()];

    /// <summary>No value is further off than the tolerance times (1 + its magnitude).</summary>
    public static void AssertClose(ReadOnlySpan<double> expected, Tensor actual, double tolerance)
    {
        double[] found = Values(actual);
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < found.Length; i++)
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"[{i}]: {found[i]}, expected {expected[i]}");
    }
}
