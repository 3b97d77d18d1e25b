using System.Numerics;
using EfQat.Integer.Kernels;

namespace EfQat.Integer.Tests;

public class RequantizationTests
{
    [Theory]
    [InlineData(1 << 30, 31, 1, 11)] // ½ rounds upwards
    [InlineData(1 << 30, 31, -1, 10)] // −½ too
    [InlineData(1 << 30, 31, 3, 12)]
    [InlineData(1 << 30, 31, 1_000_000, 200)]
    [InlineData(1 << 30, 31, -1_000_000, 10)]
    public void HalvesGoUpwardsAndTheGridBounds(int multiplier, int shift, int sum, int code) =>
        Assert.Equal(code, new Requantization([multiplier], [shift], Zero: 10, Min: 10, Max: 200).Apply(sum, 0));

    [Fact]
    public void ItIsTheQuotientInUnboundedIntegers()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 10_000; trial++)
        {
            int multiplier = random.Next(1 << 30, int.MaxValue), shift = random.Next(31, 63), sum = random.Next(int.MinValue, int.MaxValue);
            var floor = ((BigInteger)sum * multiplier + BigInteger.Pow(2, shift - 1)) >> shift;
            Assert.Equal((int)BigInteger.Min(BigInteger.Max(floor + 7, 0), 255), new Requantization([multiplier], [shift], 7, 0, 255).Apply(sum, 0));
        }
    }
}
