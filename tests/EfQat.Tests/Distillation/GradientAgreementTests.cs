using EfQat.Datasets;
using EfQat.Distillation;
using EfQat.Models;
using EfQat.Quantization;

namespace EfQat.Tests.Distillation;

public class GradientAgreementTests
{
    [Fact]
    public void Without_quantization_the_gradients_are_the_same_and_fewer_bits_agree_less()
    {
        manual_seed(1);
        var full = ResNet.Create("resnet20", 1, 4);
        Batch batch = new(randn(8, 1, 12, 12), tensor([0L, 1, 2, 3, 0, 1, 2, 3]));
        for (int i = 0; i < 3; i++) full.call(batch.Images);
        var none = Agreement("W8A8", QuantizerState.Off);
        Assert.Equal(10, none.Count);
        Assert.Equal(("stem", "layer3.2"), (none[0].Block, none[^1].Block));
        Assert.All(none, block => Assert.Equal(1, block.Cosine, 1e-5));
        double eight = Agreement("W8A8").Average(block => block.Cosine), two = Agreement("W2A2").Average(block => block.Cosine);
        Assert.InRange(eight, 0.9, 1);
        Assert.InRange(two, -1, eight - 0.05);

        IReadOnlyList<GradientAgreement> Agreement(string bits, QuantizerState state = QuantizerState.On)
        {
            var low = ResNet.Create("resnet20", 1, 4);
            low.load_state_dict(full.state_dict());
            Quantize.Prepare(low, Scheme.Parse(bits));
            Quantize.Calibrate(low, Scheme.Parse(bits), [batch]);
            Quantize.SetState(low, state);
            return GradientAgreement.Of(low, new(full), batch);
        }
    }
}
