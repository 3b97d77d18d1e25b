using EfQat.Training;

namespace EfQat.Tests.Training;

public class StatisticsTests
{
    [Theory]
    [InlineData(new[] { 5.0 }, 5)]
    [InlineData(new[] { 9.0, 1, 2 }, 2)]
    [InlineData(new[] { 1000.0, 1, 4, 2 }, 3)]
    public void The_median_is_the_middle(double[] values, double median) => Assert.Equal(median, Statistics.Median(values));

    [Fact]
    public void A_slow_turn_does_not_change_the_median_ratio() =>
        Assert.Equal(2, Statistics.MedianRatio([20, 2000, 22], [10, 1000, 11]));

    [Fact]
    public void No_value_has_no_median() => Assert.Throws<ArgumentException>(() => Statistics.Median([]));
}
