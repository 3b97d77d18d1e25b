using EfQat.Datasets;
using EfQat.Integer.Compilation;
using EfQat.Integer.Kernels;
using EfQat.Integer.Ncnn;
using EfQat.Integer.Program;
using EfQat.Integer.Tests.Compilation;
using EfQat.PostTraining;
using EfQat.Quantization;
using static TorchSharp.torch.nn.functional;

namespace EfQat.Integer.Tests.Ncnn;

/// <summary>MobileNetV1 and V2 in small, with random weights, as ncnn's converters write them.</summary>
public sealed class MobileNetTests : IDisposable
{
    /// <summary>From Caffe: BatchNorm and Scale as they were, a convolution as the classifier.</summary>
    private const string V1 = """
        Input                data     0 1 data 0=20 1=20 2=3
        Convolution          conv1    1 1 data conv1 0=8 1=3 2=1 3=2 4=1 5=0 6=216
        BatchNorm            conv1/bn 1 1 conv1 conv1/bn 0=8 1=1e-5
        Scale                conv1/s  1 1 conv1/bn conv1/s 0=8 1=1
        ReLU                 relu1    1 1 conv1/s relu1 0=0.000000
        ConvolutionDepthWise dw2      1 1 relu1 dw2 0=8 1=3 2=1 3=1 4=1 5=0 6=72 7=8
        BatchNorm            dw2/bn   1 1 dw2 dw2/bn 0=8
        Scale                dw2/s    1 1 dw2/bn dw2/s 0=8 1=1
        ReLU                 relu2    1 1 dw2/s relu2
        Convolution          sep2     1 1 relu2 sep2 0=24 1=1 2=1 3=1 4=0 5=1 6=192 9=1
        ConvolutionDepthWise dw3      1 1 sep2 dw3 0=24 1=3 2=1 3=2 4=1 5=1 6=216 7=24 9=1
        Convolution          sep3     1 1 dw3 sep3 0=40 1=1 2=1 3=1 4=0 5=1 6=960 9=1
        Pooling              pool     1 1 sep3 pool 0=1 1=0 2=1 3=0 4=1
        Convolution          fc7      1 1 pool fc7 0=10 1=1 2=1 3=1 4=0 5=1 6=400
        Softmax              prob     1 1 fc7 prob 0=0
        """;

    /// <summary>From PyTorch: linear bottlenecks, strides 1 and 2, two sums one after another, ReLU6 alone and fused, a linear layer.</summary>
    internal const string V2 = """
        Input                in       0 1 in 0=20 1=20 2=3
        Convolution          stem     1 1 in stem 0=8 1=3 3=2 4=1 5=1 6=216 9=3 -23310=2,0.000000e+00,6.000000e+00
        ConvolutionDepthWise dw1      1 1 stem dw1 0=8 1=3 4=1 5=1 6=72 7=8
        Clip                 clip1    1 1 dw1 clip1 0=0.000000e+00 1=6.000000e+00
        Convolution          linear1  1 1 clip1 linear1 0=16 1=1 5=1 6=128
        Split                split1   1 2 linear1 left1 right1
        Convolution          expand2  1 1 right1 expand2 0=48 1=1 5=1 6=768 9=3 10=0.0,6.0
        ConvolutionDepthWise dw2      1 1 expand2 dw2 0=48 1=3 4=1 5=1 6=432 7=48 9=3 -23310=2,0.0,6.0
        Convolution          linear2  1 1 dw2 linear2 0=16 1=1 5=1 6=768
        BinaryOp             add2     2 1 left1 linear2 add2 0=0
        Split                split2   1 2 add2 left2 right2
        Convolution          expand3  1 1 right2 expand3 0=48 1=1 5=1 6=768 9=3 -23310=2,0.0,6.0
        ConvolutionDepthWise dw3      1 1 expand3 dw3 0=48 1=3 4=1 5=1 6=432 7=48 9=3 -23310=2,0.0,6.0
        Convolution          linear3  1 1 dw3 linear3 0=16 1=1 5=1 6=768
        Eltwise              add3     2 1 left2 linear3 add3 0=1 -23301=0
        Convolution          expand4  1 1 add3 expand4 0=48 1=1 5=1 6=768 9=3 -23310=2,0.0,6.0
        ConvolutionDepthWise dw4      1 1 expand4 dw4 0=48 1=3 3=2 4=1 5=1 6=432 7=48 9=3 -23310=2,0.0,6.0
        Convolution          linear4  1 1 dw4 linear4 0=24 1=1 5=1 6=1152
        Convolution          head     1 1 linear4 head 0=64 1=1 5=1 6=1536 9=3 -23310=2,0.0,6.0
        Pooling              pool     1 1 head pool 0=1 4=1
        Reshape              flat     1 1 pool flat 0=-1
        InnerProduct         fc       1 1 flat fc 0=10 1=1 2=640
        Softmax              prob     1 1 fc prob
        """;

    private readonly DisposeScope scope = NewDisposeScope();

    public MobileNetTests() => manual_seed(3);

    public void Dispose() => scope.Dispose();

    private static Tensor Picture(long count = 4) => randn(count, 3, 20, 20) * 2;

    /// <summary>A network and what it should compute, operator by operator.</summary>
    private static (NcnnFiles Files, Func<Tensor, Tensor> Expected) Network(int version)
    {
        var files = new NcnnFiles(version == 1 ? V1 : V2);
        Tensor Conv(string name, Tensor x, long kernel, long stride = 1, long groups = 1)
        {
            var weights = files.Weights[name];
            return conv2d(
                x, weights[0].reshape(-1, x.shape[1] / groups, kernel, kernel), weights.ElementAtOrDefault(1), [stride, stride],
                [kernel / 2, kernel / 2], groups: groups);
        }
        Tensor Depthwise(string name, Tensor x, long stride = 1) => Conv(name, x, 3, stride, x.shape[1]);
        Tensor Six(Tensor x) => x.clamp(0, 6);
        Tensor Linear(string name, Tensor x) => x.matmul(files.Weights[name][0].reshape(10, -1).t()) + files.Weights[name][1];
        Tensor Norm(string name, Tensor x, double epsilon)
        {
            Tensor[] bn = [.. files.Weights[$"{name}/bn"].Select(values => values.reshape(-1, 1, 1))];
            Tensor[] scale = [.. files.Weights[$"{name}/s"].Select(values => values.reshape(-1, 1, 1))];
            return (((x - bn[1]) / (bn[2] + epsilon).sqrt() * bn[0] + bn[3]) * scale[0] + scale[1]).relu();
        }
        return (files, version == 1
            ? x =>
            {
                x = Norm("dw2", Depthwise("dw2", Norm("conv1", Conv("conv1", x, 3, 2), 1e-5)), 0);
                x = Conv("sep3", Depthwise("dw3", Conv("sep2", x, 1).relu(), 2).relu(), 1).relu();
                return Linear("fc7", x.mean([2, 3]));
            }
            : x =>
            {
                x = Conv("linear1", Six(Depthwise("dw1", Six(Conv("stem", x, 3, 2)))), 1);
                foreach (int block in (int[])[2, 3])
                    x = x + Conv($"linear{block}", Six(Depthwise($"dw{block}", Six(Conv($"expand{block}", x, 1)))), 1);
                x = Conv("linear4", Six(Depthwise("dw4", Six(Conv("expand4", x, 1)), 2)), 1);
                return Linear("fc", Six(Conv("head", x, 1)).mean([2, 3]));
            });
    }

    private static NcnnNetwork Quantized(int version, Tensor samples, string scheme, bool easyQuant = false)
    {
        using var files = Network(version).Files;
        var model = NcnnNetwork.Load(files.Param);
        if (easyQuant) BatchNormFolding.Fold(model, samples);
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(samples, zeros(samples.shape[0], int64))]);
        ScaleRange few = new(0.5, 2, 5);
        if (easyQuant) EasyQuant.Optimize(model, samples, EasyQuantOptions.Paper with { ActivationRange = few, WeightRange = few });
        return model;
    }

    [Theory, InlineData(1), InlineData(2)]
    public void The_network_is_what_its_operators_compute(int version)
    {
        var (files, expected) = Network(version);
        using var _ = files;
        var model = NcnnNetwork.Load(files.Param);
        model.eval();
        var x = Picture();
        Assert.Equal(new CodeShape(20, 20, 3), model.InputShape);
        Assert.True(model.call(x).allclose(expected(x), rtol: 1e-4, atol: 1e-4));
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Assert.True(model.call(x).allclose(expected(x), rtol: 1e-4, atol: 1e-4)); // its quantizers are off
    }

    [Theory]
    [InlineData(1, "W8A8", false), InlineData(1, "W7A7,narrow,signed", true)]
    [InlineData(2, "W8A8", false), InlineData(2, "W7A7,narrow,signed", true), InlineData(2, "W4A4", false)]
    public void Integers_are_the_specifications_and_within_a_step_of_the_fake_quantized_network(int version, string scheme, bool easyQuant)
    {
        var x = Picture();
        var model = Quantized(version, x, scheme, easyQuant);
        var program = IntegerCompiler.Compile(model, x[..1]);
        using var specification = new IntegerSession(program, KernelKind.Specification);
        using var session = new IntegerSession(program, threads: 2);
        Assert.All(LayerDifference.Of(specification, model, x[..1]), layer => Assert.True(layer.MaxSteps <= 1 && layer.Share < 0.01, $"{layer}"));
        float[] image = Networks.Pixels(x[..1]), expected = new float[10], logits = new float[10];
        for (int step = 0; step < program.Steps.Count; step++)
        {
            specification.RunStep(step, image, expected);
            session.RunStep(step, image, logits);
            Assert.True(specification.Codes(step).SequenceEqual(session.Codes(step)), program.Steps[step].Name);
        }
        Assert.Equal(expected, logits);
        float[] fake = model.call(x[..1]).data<float>().ToArray();
        Assert.All(fake.Zip(logits), pair => Assert.Equal(pair.First, pair.Second, (scheme == "W4A4" ? 0.3 : 0.05) * fake.Max(Math.Abs)));
    }

    /// <summary>A bottleneck that is read twice is computed once, on a signed grid; the layers in the middle have the bits of the middle.</summary>
    [Fact]
    public void A_bottleneck_is_computed_once()
    {
        var model = Quantized(2, Picture(), "W4A4");
        var program = IntegerCompiler.Compile(model, Picture(1));
        Assert.Equal(13, program.Steps.Count(step => step is Integer.Program.Convolution)); // as in the file
        Assert.Equal(2, program.Steps.Count(step => step is Addition));
        var shared = (FakeQuantize)model.named_children().Single(child => child.name == "split1").module;
        Assert.InRange(shared.ZeroPoint, shared.Grid.QMin + 1, shared.Grid.QMax - 1);
        Assert.Equal([8, .. Enumerable.Repeat(4, 12), 8], Quantize.Layers(model).Select(layer => layer.WeightGrid.Bits));
        Assert.Equal(4, shared.Grid.Bits);
    }

    [Fact]
    public void A_grid_behind_a_relu6_ends_at_6_and_so_does_a_wider_one()
    {
        var (x, model) = (Picture(), Quantized(2, Picture(), "W8A8"));
        var quantizer = (FakeQuantize)model.named_children().Single(child => child.name == "stem_relu6").module;
        Assert.Equal(6.0 / 255, quantizer.Scale, 1e-7);
        Assert.Equal(255, quantizer.Highest);
        quantizer.Set(0.04, 0);
        Assert.Equal(150, quantizer.Highest);
        Assert.Equal(6, quantizer.call(tensor([-1f, 100f])).max().item<float>(), 1e-6);
        var program = IntegerCompiler.Compile(model, x[..1]);
        Assert.Equal(150, ((Integer.Program.Convolution)program.Steps[1]).Layer.Output.Max);
        using var session = new IntegerSession(program, KernelKind.Specification);
        Assert.All(LayerDifference.Of(session, model, x[..1]), layer => Assert.InRange(layer.MaxSteps, 0, 1));
    }

    [Theory]
    [InlineData(2, "add2 0=0", "add2 0=2", "net.param: add2: BinaryOp with 0=2 is not supported; sums of two blobs are read")]
    [InlineData(2, "add3 0=1 -23301=0", "add3 0=0", "net.param: add3: Eltwise with 0=0 is not supported; sums of two blobs are read")]
    [InlineData(2, "-23301=0", "-23301=2,1.0,-1.0", "net.param: add3: Eltwise with 0=1 1=1.0,-1.0 is not supported; sums of two blobs")]
    [InlineData(2, "1=6.000000e+00", "1=1.0", "net.param: clip1: Clip with 0=0.000000e+00 1=1.0 is not supported; a ReLU6")]
    [InlineData(2, "10=0.0,6.0", "10=0.0,3.0", "expand2: Convolution with 0=48 1=1 5=1 6=768 9=3 10=0.0,3.0 is not supported; no activation")]
    [InlineData(2, "10=0.0,6.0", "10=0.0,six", "net.param: expand2: Convolution with 10=0.0,six is not supported; another kind of number")]
    [InlineData(2, "3=2 4=1 5=1 6=216", "3=2 4=1 16=0 5=1 6=216", "net.param: stem: Convolution with other strides, paddings")]
    [InlineData(2, "3=2 4=1 5=1 6=216", "3=2 4=-233 5=1 6=216", "net.param: stem: Convolution with padding 4=-233")]
    [InlineData(2, "0=10 1=1 2=640", "0=10 1=1 2=641", "fc: InnerProduct with 641 weights for 10 outputs is not supported; the file is damaged")]
    [InlineData(2, "flat 0=-1", "flat 0=8 1=8", "net.param: flat: Reshape with 0=8 1=8 is not supported; one to a single dimension")]
    [InlineData(2, "left2 linear3", "left1 linear3", "no layer writes 'left1' before it is read, or two read it")]
    [InlineData(1, "conv1/bn conv1/s 0=8", "conv1/bn conv1/s 0=7", "net.param: conv1/s: Scale with no BatchNorm of as many channels")]
    [InlineData(1, "relu1 0=0.000000", "relu1 0=0.1", "net.param: relu1: ReLU with 0=0.1 is not supported; one without a slope")]
    [InlineData(1, "0=1 1=0 2=1 3=0 4=1", "0=1 1=3 2=1", "net.param: pool: Pooling with 0=1 1=3 2=1 is not supported; maxima")]
    public void What_cannot_be_read_is_an_error(int version, string text, string other, string message)
    {
        string layers = version == 1 ? V1 : V2;
        Assert.Contains(text, layers);
        using var files = new NcnnFiles(layers.Replace(text, other));
        Assert.Contains(message, Assert.Throws<UserError>(() => NcnnNetwork.Load(files.Param)).Message);
    }

    [Theory, InlineData(1, "fc7"), InlineData(2, "fc")]
    public void A_truncated_bin_file_is_an_error(int version, string layer)
    {
        using var files = new NcnnFiles(version == 1 ? V1 : V2, cut: 44);
        Assert.Matches(
            $"net.bin: ends at byte .* weights of {layer}; the file is truncated",
            Assert.Throws<UserError>(() => NcnnNetwork.Load(files.Param)).Message);
    }
}
