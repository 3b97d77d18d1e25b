using EfQat.Models;
using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

public class LayerOutputsTests
{
    private sealed class TwoLayers : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first = nn.Linear(2, 2, hasBias: false), relu = nn.ReLU(), second = nn.Linear(2, 1, hasBias: false);

        public TwoLayers() : base(nameof(TwoLayers))
        {
            RegisterComponents();
            using var off = no_grad();
            first.parameters().Single().copy_(tensor(new float[] { 1, -2, 3, 4 }, [2, 2]));
            second.parameters().Single().copy_(tensor(new float[] { 5, 6 }, [1, 2]));
        }

        public override Tensor forward(Tensor input) => second.call(relu.call(first.call(input)));
    }

    [Fact]
    public void Each_layer_reports_its_product()
    {
        using var scope = NewDisposeScope();
        var (model, input) = (new TwoLayers(), tensor(new float[] { 1, 1 }, [1, 2]));
        var outputs = LayerOutputs.Of(model, input);
        Assert.Equal(["first", "second"], outputs.Select(pair => pair.Layer));
        Assert.Equal([-1, 7], outputs[0].Output.data<float>().ToArray());  // 1 − 2, 3 + 4
        Assert.Equal([42], outputs[1].Output.data<float>().ToArray());     // 5·relu(−1) + 6·7
        var relu = LayerOutputs.Of(model, input, module => module is TorchSharp.Modules.ReLU).Single();
        Assert.Equal([0, 7], relu.Output.data<float>().ToArray());
    }

    [Fact]
    public void A_network_and_its_quantized_twin_are_compared_under_the_same_names_and_stay_as_they_were()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var input = randn(2, 1, 8, 8);
        var network = ResNet.Create("resnet20", 1, 10);
        network.eval();
        var (names, logits) = (network.named_modules().Select(pair => pair.name).ToArray(), network.call(input));
        var before = LayerOutputs.Of(network, input);
        Assert.Equal(names, network.named_modules().Select(pair => pair.name));
        Assert.True(network.call(input).Equals(logits));
        Assert.True(before[^1].Output.Equals(logits));

        Quantize.Prepare(network, Scheme.Parse("W8A8"));
        network.eval();  // and not calibrated: the float network's own arithmetic
        var after = LayerOutputs.Of(network, input);
        Assert.Equal(before.Select(pair => pair.Layer), after.Select(pair => pair.Layer));
        Assert.All(before.Zip(after), pair => Assert.True(pair.First.Output.Equals(pair.Second.Output)));
    }
}
