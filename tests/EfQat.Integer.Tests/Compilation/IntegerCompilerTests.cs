using EfQat.Datasets;
using EfQat.Integer.Compilation;
using EfQat.Integer.Kernels;
using EfQat.Integer.Program;
using EfQat.Models;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Tests.Compilation;

public sealed class IntegerCompilerTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Modules one after another, and what a forward does between them.</summary>
    private sealed class Chain : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> steps;
        private readonly Func<Tensor, Tensor> end;

        public Chain(Func<Tensor, Tensor>? end, params nn.Module<Tensor, Tensor>[] steps) : base(nameof(Chain))
        {
            (this.steps, this.end) = (nn.Sequential(steps), end ?? (x => x));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => end(steps.call(input));
    }

    private static Chain Network(params nn.Module<Tensor, Tensor>[] steps) => new(null, steps);

    private static string Error(nn.Module<Tensor, Tensor> model, string? scheme = "W8A8")
    {
        var x = randn(2, 3, 8, 8);
        if (scheme is not null) Networks.Prepared(model, scheme, x);
        return Assert.Throws<UserError>(() => IntegerCompiler.Compile(model, x)).Message;
    }

    [Fact]
    public void Depthwise_windows_and_a_linear_layer_on_a_picture_equal_the_network()
    {
        manual_seed(5);
        var x = randn(8, 3, 12, 12);
        var model = Networks.Prepared(
            Network(
                nn.Conv2d(3, 8, 3, padding: 1, bias: false), nn.BatchNorm2d(8), nn.ReLU(),
                nn.Conv2d(8, 8, 3, stride: 2, padding: 1, groups: 8, bias: false), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5),
                nn.Conv2d(8, 16, (1, 3), groups: 2), nn.ReLU(), nn.AvgPool2d(2, stride: 1), new SharedInput(), nn.MaxPool2d(2, stride: 1, padding: 1),
                nn.Flatten(), nn.Linear(16 * 6 * 4, 5)),
            "W8A8", x);
        using var session = new IntegerSession(IntegerCompiler.Compile(model, x[..1]), KernelKind.Specification);
        Assert.All(LayerDifference.Of(session, model, x[..1]), layer => Assert.InRange(layer.MaxSteps, 0, 1));
        float[] expected = model.call(x).data<float>().ToArray(), logits = new float[5];
        for (int i = 0; i < 8; i++)
        {
            session.Run(Networks.Pixels(x[i..(i + 1)]), logits);
            for (int k = 0; k < 5; k++) Assert.Equal(expected[i * 5 + k], logits[k], 0.02 * expected.Max(Math.Abs));
        }
    }

    [Fact]
    public void The_model_is_as_it_was_afterwards()
    {
        var x = randn(2, 3, 8, 8);
        var model = Networks.Prepared(ResNet.Create("resnet20", 3, 10), "W8A8", x);
        var (modules, before) = (model.modules().ToArray(), model.call(x));
        model.train();
        IntegerCompiler.Compile(model, x);
        Assert.True(model.training);
        model.eval();
        Assert.Equal(modules.Where(module => module is not Sequential), model.modules().Where(module => module is not Sequential));
        Assert.True(model.call(x).Equals(before));
    }

    [Fact]
    public void An_unsupported_module_is_named_with_what_is_supported() =>
        Assert.Matches("^steps.1: a GELU .* supported are .*ResidualAdd", Error(Network(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Conv2d(4, 4, 3))));

    [Fact]
    public void A_model_that_was_not_prepared_is_an_error() => Assert.Contains("steps.0: a Conv2d as it is", Error(Network(nn.Conv2d(3, 4, 3)), scheme: null));

    [Fact]
    public void A_model_that_was_not_calibrated_is_an_error()
    {
        var model = Network(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2));
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Assert.Contains("steps.0.input: the quantizer is Off; run Quantize.Calibrate", Error(model, scheme: null));
    }

    [Fact]
    public void A_network_that_ends_elsewhere_is_an_error() =>
        Assert.Contains("ends in a linear layer or a global mean", Error(Network(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())));

    [Fact]
    public void An_operator_between_modules_is_an_error() =>
        Assert.Contains(
            "steps.1.input: reads a tensor that no module returned; make the operator",
            Error(Network(new Chain(x => x * 2, nn.Conv2d(3, 4, 3), nn.ReLU()), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1))));

    [Fact]
    public void Weight_scales_in_groups_are_an_error() =>
        Assert.Contains("steps.2: 8 weight scales for 4 output channels", Error(Network(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.AdaptiveAvgPool2d(1)), "W8A8,group=4"));

    [Fact]
    public void A_weight_that_has_no_negative_is_an_error()
    {
        var x = randn(2, 3, 8, 8);
        var model = Networks.Prepared(ResNet.Create("resnet20", 3, 10), "W8A8", x);
        using (no_grad())
            foreach (var layer in Quantize.Layers(model)) layer.get_parameter("log_scale")!.sub_(1); // now weights clip at either end
        Assert.Matches("conv1: channel .* negative BatchNorm factor and the weight -128", Assert.Throws<UserError>(() => IntegerCompiler.Compile(model, x)).Message);
    }

    [Fact]
    public void NaN_in_the_statistics_is_an_error_that_names_the_layer()
    {
        var x = randn(2, 3, 8, 8);
        var model = Networks.Prepared(ResNet.Create("resnet20", 3, 10), "W8A8", x);
        model.get_buffer("bn1.running_var")!.fill_(double.NaN);
        Assert.StartsWith("conv1: the factor of channel 0 is NaN", Assert.Throws<UserError>(() => IntegerCompiler.Compile(model, x)).Message);
    }
}
