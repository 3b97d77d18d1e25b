using System.Numerics;
using EfQat.Integer.Kernels;

namespace EfQat.Integer.Tests;

public class RequantizationTests
{
    [Theory]
    [InlineData(1, 0, 11)] // ½ rounds upwards
    [InlineData(1, -1, 10)] // not quite ½
    [InlineData(0, short.MaxValue, 10)]
    [InlineData(-1, 0, 10)] // −½ upwards too
    [InlineData(3, 0, 12)]
    [InlineData(1_000_000, 0, 200)]
    [InlineData(-1_000_000, 0, 10)]
    public void HalvesGoUpwardsAndTheGridBounds(int sum, short fraction, int code) =>
        Assert.Equal(code, new Requantization([1 << 30], [31], [fraction], Zero: 10, Min: 10, Max: 200).Apply(sum, 0));

    [Fact]
    public void ItIsTheQuotientInUnboundedIntegers()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 10_000; trial++)
        {
            int multiplier = random.Next(1 << 30, int.MaxValue), shift = random.Next(31, 63), sum = random.Next(int.MinValue, int.MaxValue);
            short fraction = (short)random.Next(short.MinValue, short.MaxValue + 1);
            var floor = ((BigInteger)sum * multiplier + ((BigInteger)fraction * multiplier >> 16) + BigInteger.Pow(2, shift - 1)) >> shift;
            Assert.Equal((int)BigInteger.Min(BigInteger.Max(floor + 7, 0), 255), new Requantization([multiplier], [(sbyte)shift], [fraction], 7, 0, 255).Apply(sum, 0));
        }
    }
}
