using EfQat.Importance;
using EfQat.Quantization;

namespace EfQat.Tests.Importance;

public class FreezingScheduleTests
{
    private static QuantLinear Layer(params float[] rows)
    {
        var linear = nn.Linear(1, rows.Length);
        using (no_grad()) linear.weight!.copy_(tensor(rows, [rows.Length, 1]));
        var layer = new QuantLinear(linear, Grid.Weights(4), null) { Quantizing = true };
        layer.CalibrateWeight(ObserverKind.MinMax);
        return layer;
    }

    [Fact]
    public void Rows_are_chosen_anew_every_so_many_samples_from_the_weights_of_then()
    {
        using var layer = Layer(4, -3, 2, 1);
        var schedule = new FreezingSchedule([layer], FreezingMode.ChannelWisePerLayer, ratio: 0.5, frequency: 100);
        Assert.True(schedule.Step(0));
        Assert.Equal([0L, 1], layer.Rows.Indices);
        Assert.Equal(0.5, schedule.UpdatedShare);

        using (no_grad()) layer.TrainedWeight!.mul_(0.1);  // an update makes both the least
        Assert.False(schedule.Step(99));
        Assert.Equal([0L, 1], layer.Rows.Indices);
        Assert.True(schedule.Step(130));
        Assert.Equal([2L, 3], layer.Rows.Indices);
        Assert.Equal(100, schedule.ChosenAt);
        Assert.False(schedule.Step(199));
    }

    [Theory]
    [InlineData(0, 0), InlineData(0.01, 1), InlineData(0.5, 2), InlineData(1, 4)]
    public void A_ratio_is_a_share_of_the_blocks_and_at_least_one(double ratio, int rows)
    {
        using var layer = Layer(4, 3, 2, 1);
        new FreezingSchedule([layer], FreezingMode.ChannelWisePerNetwork, ratio).Step(0);
        Assert.Equal(rows, layer.Rows.Count);
    }

    [Fact]
    public void Importance_is_the_mean_magnitude_of_a_block()
    {
        using var weight = tensor(new float[] { 1, -2, 3, 0, 0, -6 }, [3, 2]);
        Assert.Equal([1.5f, 1.5f, 3], BlockImportance.OfChannels(weight));
        Assert.Equal(2, BlockImportance.OfLayer(weight));
    }

    [Theory, InlineData(0), InlineData(-5)]
    public void A_frequency_counts_samples(long frequency) => Assert.Contains(
        $"frequency {frequency}", Assert.Throws<UserError>(() => new FreezingSchedule([], FreezingMode.LayerWisePerNetwork, 1, frequency)).Message);

    [Theory, InlineData(-0.1), InlineData(1.5), InlineData(double.NaN)]
    public void A_ratio_lies_between_0_and_1(double ratio)
    {
        using var layer = Layer(1, 2);
        var error = Assert.Throws<UserError>(() => new FreezingSchedule([layer], FreezingMode.LayerWisePerNetwork, ratio).Step(0));
        Assert.Contains("between 0 and 1", error.Message);
    }

    [Theory, InlineData("CWPL"), InlineData("cwpn"), InlineData("Lwpn")]
    public void Modes_have_the_papers_names(string name) => Assert.Equal(name.ToUpperInvariant(), FreezingModes.Parse(name).ShortName());

    [Fact]
    public void Another_mode_is_refused() => Assert.Contains("CWPL, CWPN or LWPN", Assert.Throws<UserError>(() => FreezingModes.Parse("CWP")).Message);
}
