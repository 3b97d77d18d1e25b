using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LocalTorch.Tests.Nn;

public class ModuleTests
{
    private sealed class Net : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first = nn.Conv2d(1, 2, 1);
        private readonly nn.Module<Tensor, Tensor> norm = nn.BatchNorm2d(2);
        private readonly Parameter gain = new(ones(1));
        private readonly Tensor offset = zeros(1);

        public Net() : base(nameof(Net)) => RegisterComponents();

        public override Tensor forward(Tensor input) => norm.call(first.call(input)) * gain + offset;
    }

    [Fact]
    public void Fields_become_components_of_their_names()
    {
        using var net = new Net();
        Assert.Equal(["gain", "first.weight", "first.bias", "norm.weight", "norm.bias"], net.named_parameters().Select(pair => pair.name));
        Assert.Equal(["offset", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"], net.named_buffers().Select(pair => pair.name));
        Assert.Equal(["first", "norm"], net.named_modules().Select(pair => pair.name));
        Assert.True(net.has_parameter("first.weight"));
        Assert.False(net.has_buffer("first.weight"));
    }

    [Fact]
    public void A_list_and_a_sequence_number_their_modules()
    {
        using var list = nn.ModuleList(nn.Linear(1, 1), nn.Linear(1, 1, hasBias: false));
        using var sequence = nn.Sequential(("a", nn.Linear(1, 1, hasBias: false)), ("b", nn.ReLU()));
        Assert.Equal(["0.weight", "0.bias", "1.weight"], list.named_parameters().Select(pair => pair.name));
        Assert.Equal(["a", "b"], sequence.named_children().Select(pair => pair.name));
    }

    [Fact]
    public void Training_mode_reaches_every_module()
    {
        using var net = new Net();
        net.eval();
        Assert.All(net.modules(), module => Assert.False(module.training));
        net.train();
        Assert.All(net.modules(), module => Assert.True(module.training));
    }

    [Fact]
    public void A_saved_module_loads_into_another()
    {
        using var scope = NewDisposeScope();
        using var saved = new Net();
        using var loaded = new Net();
        saved.call(randn(3, 1, 2, 2)); // moves the running statistics
        using var file = new MemoryStream();
        saved.save(file);
        file.Position = 0;
        loaded.load(file);
        var states = saved.state_dict();
        Assert.Equal(9, states.Count);
        Assert.All(loaded.state_dict(), pair => Assert.True(pair.Value.Equals(states[pair.Key]), pair.Key));
    }

    [Fact]
    public void The_file_is_TorchSharps_own_format()
    {
        using var linear = nn.Linear(2, 1, hasBias: false);
        nn.init.constant_(linear.weight, 1);
        using var file = new MemoryStream();
        linear.save(file);
        // One tensor; "weight"; float32 is 6; two dimensions, 1 and 2; two floats.
        Assert.Equal([1, 6, .. "weight"u8, 6, 2, 1, 2, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f], file.ToArray());
    }

    [Fact]
    public void A_file_cut_short_is_an_error_and_changes_nothing()
    {
        using var linear = nn.Linear(2, 1);
        using var file = new MemoryStream();
        linear.save(file);
        file.SetLength(file.Length - 1);
        file.Position = 0;
        using var other = nn.Linear(2, 1);
        float[] before = other.weight.data<float>().ToArray();
        Assert.Throws<EndOfStreamException>(() => other.load(file));
        Assert.Equal(before, other.weight.data<float>().ToArray());
    }

    [Fact]
    public void A_state_that_does_not_fit_names_what_is_missing_and_unexpected()
    {
        using var linear = nn.Linear(2, 1);
        using var weight = ones(1, 2);
        Dictionary<string, Tensor> state = new() { ["weight"] = weight, ["wieght"] = weight };
        var error = Assert.Throws<InvalidOperationException>(() => linear.load_state_dict(state));
        Assert.Contains("missing [bias], unexpected [wieght]", error.Message);

        var (missing, unexpected) = linear.load_state_dict(state, strict: false);
        Assert.Equal(["bias"], missing);
        Assert.Equal(["wieght"], unexpected);
        Assert.Equal([1f, 1f], linear.weight.data<float>().ToArray());
    }

    [Fact]
    public void Conversion_keeps_the_parameters_an_optimizer_holds()
    {
        using var linear = nn.Linear(2, 1, hasBias: false);
        var held = linear.weight;
        linear.to(float64);
        Assert.Same(held, linear.parameters().Single());
        Assert.Equal(float64, held.dtype);
        Assert.True(held.requires_grad);
    }

    [Fact]
    public void Disposing_a_module_frees_every_tensor_of_it()
    {
        long before = LiveTensors.Count();
        new Net().Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }
}
