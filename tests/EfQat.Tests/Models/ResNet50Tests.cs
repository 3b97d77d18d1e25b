using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Models;

public sealed class ResNet50Tests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    private static ResNet50 Model(long seed)
    {
        manual_seed(seed);
        return new(classes: 10);
    }

    [Fact]
    public void It_has_the_parameters_and_names_of_torchvisions()
    {
        using var model = new ResNet50();
        var state = model.state_dict();
        Assert.Equal(25_557_032, model.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(53 + 2 * 53 + 2 + 3 * 53, state.Count);  // convolutions, γ and β, the linear layer; three buffers of each normalization
        Assert.Equal([64, 3, 7, 7], state["conv1.weight"].shape);
        Assert.Equal([256, 64, 1, 1], state["layer1.0.downsample.0.weight"].shape);
        Assert.Equal([2048], state["layer4.0.downsample.1.running_var"].shape);
        Assert.Equal([512, 512, 3, 3], state["layer4.2.conv2.weight"].shape);
        Assert.Equal([1000, 2048], state["fc.weight"].shape);
        Assert.DoesNotContain(state.Keys, name => name.Contains("relu") || name.Contains(".1.downsample"));
    }

    /// <summary>In double: its last normalizations see 16 values, and make a float's rounding that tips a ReLU over a hundredth of a gradient.</summary>
    [SkippableFact]
    public void Outputs_and_gradients_are_PyTorchs()
    {
        using var scope = NewDisposeScope();
        using var model = Model(seed: 1).to(float64);
        using (no_grad())
            foreach (var parameter in model.parameters().Where(parameter => parameter.ndim == 1)) parameter.add_(0.1 * randn_like(parameter));
        PyTorchModel.AssertParity(model, randn([4, 3, 64, 64], dtype: float64), """
            def conv(x, name, stride=1, padding=0): return F.conv2d(x, w[name + '.weight'], stride=stride, padding=padding)
            def norm(x, name): return F.batch_norm(x, None, None, w[name + '.weight'], w[name + '.bias'], training=True)
            def bottleneck(x, p, stride):
                y = F.relu(norm(conv(x, p + 'conv1'), p + 'bn1'))
                y = F.relu(norm(conv(y, p + 'conv2', stride, 1), p + 'bn2'))
                y = norm(conv(y, p + 'conv3'), p + 'bn3')
                if p + 'downsample.0.weight' in w: x = norm(conv(x, p + 'downsample.0', stride), p + 'downsample.1')
                return F.relu(y + x)
            x = F.max_pool2d(F.relu(norm(conv(x, 'conv1', 2, 3), 'bn1')), 3, 2, 1)
            for stage, blocks in enumerate((3, 4, 6, 3)):
                for i in range(blocks): x = bottleneck(x, f'layer{stage + 1}.{i}.', 2 if stage > 0 and i == 0 else 1)
            y = F.linear(x.mean((2, 3)), w['fc.weight'], w['fc.bias'])
            """);
    }

    [Fact]
    public void Weights_are_loaded_by_name()
    {
        using var scope = NewDisposeScope();
        using var origin = Model(seed: 1);
        using var target = Model(seed: 2);
        var weights = origin.state_dict();
        SafeTensors.Write(file, weights, new Dictionary<string, string>());
        target.LoadWeights(file);
        Assert.All(target.state_dict(), pair => Assert.True(pair.Value.Equals(weights[pair.Key]), pair.Key));

        using var wider = new ResNet50();
        Assert.Contains("fc.weight has shape [10, 2048], the model's is [1000, 2048]", Assert.Throws<UserError>(() => wider.LoadWeights(file)).Message);
        weights.Remove("layer3.5.bn3.bias");
        SafeTensors.Write(file, weights, new Dictionary<string, string>());
        Assert.Contains("layer3.5.bn3.bias is missing", Assert.Throws<UserError>(() => target.LoadWeights(file)).Message);
    }

    [Fact]
    public void Unfrozen_rows_have_the_gradient_of_full_training_and_the_others_none()
    {
        using var scope = NewDisposeScope();
        using var model = Model(seed: 3);
        var (images, labels) = (randn(2, 64, 64, 3).permute(0, 3, 1, 2), arange(2));
        Assert.Equal(54, Quantize.Prepare(model, Scheme.Parse("W4A8")).Count);
        Quantize.Calibrate(model, Scheme.Parse("W4A8"), [new(images, labels)]);
        var layers = Quantize.Layers(model);
        model.train();
        void Backward()
        {
            model.zero_grad();
            nn.functional.cross_entropy(model.call(images), labels).backward();
        }
        Backward();
        var full = layers.Select(layer => layer.TrainedWeight!.grad!.clone()).ToArray();
        new FreezingSchedule(layers, FreezingMode.ChannelWisePerNetwork, ratio: 0.1).Step(0);
        Backward();
        for (int i = 0; i < layers.Count; i++)
        {
            if (layers[i].TrainedWeight is not { } trained) continue;
            var rows = layers[i].RowIndex is { } index ? full[i].index_select(0, index) : full[i];
            Assert.InRange((rows - trained.grad!).abs().max().item<float>(), 0, 1e-5 * full[i].abs().max().item<float>());
        }
        Assert.Contains(layers, layer => layer.Rows.IsNone);
        Assert.Contains(layers, layer => layer.Rows is { IsAll: false, IsNone: false });
    }
}
