using EfQat.Models;
using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

public class SchemeTests
{
    [Theory]
    [InlineData("W4A8"), InlineData("W2A3,first-last=2"), InlineData("W4A4,per-tensor"), InlineData("W4A8,group=32,narrow"), InlineData("W8A8,symmetric"), InlineData("W7A7,narrow,signed"),
     InlineData("W4A4,no-gradient-scale"), InlineData("W4A8,weights=mse,activations=percentile"), InlineData("W4A8,weights=kl,activations=moving-average"),
     InlineData("W2A2,tanh"), InlineData("W2A2,clip=learned"), InlineData("W2A2,clip=fixed")]
    public void Reads_as_it_is_written(string text)
    {
        var scheme = Scheme.Parse(text);
        Assert.Equal(text, scheme.ToString());
        Assert.Equal(scheme, Scheme.Parse(text.ToLowerInvariant().Replace(",", " , ")));
        Assert.NotEqual(scheme, Scheme.Parse("W5A5"));
    }

    [Theory]
    [InlineData("W2A2,lsq", "W2A2,symmetric,weights=lsq,activations=lsq"), InlineData("W2A2,lsq+", "W2A2,weights=three-sigma,activations=mse"),
     InlineData("W2A2,pact", "W2A2,tanh,clip=learned,activations=mse"), InlineData("W2A2,dorefa", "W2A2,tanh,clip=fixed,activations=mse")]
    public void A_method_stands_for_its_options(string text, string options) => Assert.Equal(options, Scheme.Parse(text).ToString());

    [Fact]
    public void Every_option_reaches_its_property() => Assert.Equal(
        new Scheme(3, 5)
        {
            FirstLastBits = 6, Granularity = Granularity.PerGroup(16), NarrowWeights = true, SymmetricActivations = true, GradientScale = false,
            WeightObserver = ObserverKind.KullbackLeibler, ActivationObserver = ObserverKind.MeanSquaredError,
        },
        Scheme.Parse("W3A5,first-last=6,group=16,narrow,symmetric,no-gradient-scale,weights=kl,activations=mse"));

    [Theory]
    [InlineData("W4A8,wide", "'wide'"), InlineData("W4A8,", "''"), InlineData("W4A8,first-last=9", "bits 9"), InlineData("W4A8,first-last=x", "'x'"),
     InlineData("W4A8,group=0", "group=0"), InlineData("W4A8,group=-1", "'-1'"), InlineData("W4A8,weights=best", "'best'"), InlineData("W99999999999A8", "99999999999")]
    public void A_bad_option_is_named(string text, string named) => Assert.Contains(named, Assert.Throws<UserError>(() => Scheme.Parse(text)).Message);

    [Theory, InlineData("W1A8"), InlineData("W8A9"), InlineData("W4"), InlineData(""), InlineData("W4A8x"), InlineData("8")]
    public void Another_form_is_refused_with_an_example(string text) =>
        Assert.Contains("W4A8", Assert.Throws<UserError>(() => Scheme.Parse(text)).Message);

    [Fact]
    public void A_scheme_that_does_not_fit_leaves_the_model_as_it_was()
    {
        using var model = ResNet.Create("resnet20", 1, 10);
        Assert.Contains("has 32 inputs, not a multiple of 24", Assert.Throws<UserError>(() => Quantize.Prepare(model, Scheme.Parse("W4A8,group=24"))).Message);
        Assert.Empty(Quantize.Layers(model));
        Assert.Equal(20, Quantize.Prepare(model, Scheme.Parse("W4A8")).Count);
    }

    [Fact]
    public void A_prepared_model_follows_its_scheme()
    {
        using var model = ResNet.Create("resnet20", 1, 10);
        var layers = Quantize.Prepare(model, Scheme.Parse("W3A4,first-last=6,group=16,narrow,symmetric"));
        Assert.Equal([6, 3, 6], [layers[0].WeightGrid.Bits, layers[1].WeightGrid.Bits, layers[^1].WeightGrid.Bits]);
        Assert.Equal([6, 4, 6], [layers[0].Input!.Grid.Bits, layers[1].Input!.Grid.Bits, layers[^1].Input!.Grid.Bits]);
        Assert.All(layers, layer => Assert.Equal((true, Granularity.PerGroup(16)), (layer.WeightGrid.Narrow, layer.Granularity)));
        Assert.Equal([16, 1], layers[0].get_parameter("log_scale")!.shape);
        Assert.Equal([64, 4], layers[^2].get_parameter("log_scale")!.shape);
        Assert.Equal(new Grid(4, Signed: false, Symmetric: true), ((FakeQuantize)model.named_modules().First(pair => pair.name == "relu1").module).Grid);
        Assert.Equal(new Grid(6, Signed: true, Symmetric: true), layers[0].Input!.Grid);
    }

    [Fact]
    public void Signed_activations_have_one_range_of_integers_with_weights()
    {
        using var model = ResNet.Create("resnet20", 1, 10);
        Quantize.Prepare(model, Scheme.Parse("W7A7,first-last=2,narrow,signed"));
        Assert.All(Quantize.Quantizers(model), quantizer => Assert.Equal((-63, 63), (quantizer.Grid.QMin, quantizer.Grid.QMax)));
        Assert.All(Quantize.Layers(model), layer => Assert.Equal((-63, 63), (layer.WeightGrid.QMin, layer.WeightGrid.QMax)));
    }
}
