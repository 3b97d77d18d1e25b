using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Backward;

public class BackwardTimeTests
{
    private static StepTime Step(double ratio)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var model = ResNet.Create("resnet20", 1, 10);
        Quantize.Prepare(model, Scheme.Parse("W4A8"));
        Quantize.Calibrate(model, Scheme.Parse("W4A8"), [new(randn(4, 1, 8, 8), zeros(4, dtype: int64))]);
        using var rule = new EfQatUpdate(model, new(Ratio: ratio));
        return new StepTimer(model, rule, new(randn(4, 1, 8, 8), arange(4))).Step();
    }

    [Fact]
    public void Every_part_of_a_QAT_backward_takes_time_and_all_together_no_more_than_the_whole()
    {
        var step = Step(ratio: 1);
        var (input, weight, norm, quantize) = step.Parts;
        Assert.All([input, weight, norm, quantize], part => Assert.True(part > 0));
        Assert.Equal(input + weight + norm + quantize, step.Parts.Total);
        Assert.InRange(step.Parts.Total, 0, step.Backward);
    }

    [Fact]
    public void A_frozen_network_spends_nothing_on_weight_gradients()
    {
        var parts = Step(ratio: 0).Parts;
        Assert.Equal(0, parts.WeightGradient);
        Assert.True(parts.InputGradient > 0);
    }
}
