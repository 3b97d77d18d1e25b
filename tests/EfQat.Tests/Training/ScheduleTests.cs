using EfQat.Training;

namespace EfQat.Tests.Training;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData(0, 0.1)]                     // the first of ten warm-up steps
    [InlineData(9, 1)]
    [InlineData(10, 1)]                      // cos 0
    [InlineData(35, 0.8535533905932737)]     // (1 + cos 45°) / 2
    [InlineData(60, 0.5)]                    // cos 90°
    [InlineData(110, 0)]                     // cos 180°
    public void Cosine_rises_in_a_line_and_falls_along_half_a_wave(long step, double expected) =>
        Assert.Equal(expected, Schedule.Cosine(total: 110, warmup: 10)(step), 12);

    [Fact]
    public void Cosine_without_warm_up_begins_at_one()
    {
        var factor = Schedule.Cosine(total: 4);
        double[] expected = [1, 0.8535533905932737, 0.5, 0.1464466094067263];
        Assert.All(Enumerable.Range(0, 4), step => Assert.Equal(expected[step], factor(step), 12));
    }
}
