using EfQat.Datasets;
using EfQat.Integer.Ncnn;
using EfQat.Integer.Onnx;
using EfQat.Integer.Tests.Ncnn;
using EfQat.Models;
using EfQat.PostTraining;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Tests.Onnx;

/// <summary>ONNX Runtime is the oracle: an implementation of the format that is not ours.</summary>
public sealed class OnnxRuntimeTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.onnx");

    public void Dispose()
    {
        scope.Dispose();
        File.Delete(path);
    }

    /// <summary>What ONNX Runtime answers, with the graph as written and with the graph that it makes of it.</summary>
    private (Tensor Written, Tensor Optimized) Run(ModelProto model, Tensor x)
    {
        Skip.If(OnnxRuntimeNode.Find() is null, $"ONNX Runtime is not installed; {OnnxRuntimeNode.Install}");
        OnnxFile.Save(model, path);
        using OnnxRuntimeSession written = new(path, optimize: false), optimized = new(path);
        return (written.Run(x), optimized.Run(x));
    }

    private static T Quantized<T>(T model, string scheme, Tensor x) where T : nn.Module<Tensor, Tensor>
    {
        using (no_grad())
            foreach (var norm in model.modules().OfType<BatchNorm2d>())
            {
                norm.running_mean!.copy_(randn_like(norm.running_mean!) * 0.2);
                norm.running_var!.copy_(rand_like(norm.running_var!) * 4 + 1);
                norm.weight!.copy_((rand_like(norm.weight!) + 0.5) * randn_like(norm.weight!).sign());
                norm.bias!.copy_(randn_like(norm.bias!));
                norm.weight![0].fill_(0);
            }
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(x, zeros(x.shape[0], dtype: int64))]);
        return model;
    }

    /// <summary>The largest difference as a share of the expected values' range.</summary>
    private static double Difference(Tensor actual, Tensor expected)
    {
        Assert.Equal(expected.shape, actual.shape);
        return (actual - expected).abs().max().item<float>() / (expected.max() - expected.min()).item<float>();
    }

    /// <summary>
    /// Sums in another order round a code near a half to its neighbour; the optimized graph rounds biases too, by up to half the product of two scales.
    /// </summary>
    [SkippableTheory]
    [InlineData("W8A8", 0.01), InlineData("W4A8", 0.02), InlineData("W3A3,first-last=3", 0.2), InlineData("W4A4,signed", 0.1)]
    [InlineData("W8A6,signed,narrow,per-tensor", 0.03), InlineData("W4A8,symmetric,group=8", 0.02)]
    public void A_residual_network_answers_as_the_fake_quantized_one(string scheme, double tolerance)
    {
        manual_seed(3);
        var x = randn(8, 3, 16, 16);
        var model = Quantized(ResNet.Create("resnet20", 3, 10), scheme, x);
        using var off = no_grad();
        var expected = model.call(x);
        foreach (bool fold in (bool[])[true, false])
        {
            var (written, optimized) = Run(OnnxExporter.Export(model, x[..1], foldBatchNorm: fold), x);
            Assert.InRange(Difference(written, expected), 0, tolerance);
            Assert.InRange(Difference(optimized, expected), 0, tolerance);
        }
    }

    /// <summary>Signed symmetric grids without their lowest code, and no BatchNorm left.</summary>
    [SkippableTheory, InlineData(8, 0.01), InlineData(7, 0.02)]
    public void EasyQuants_network_answers_as_the_fake_quantized_one(int bits, double tolerance)
    {
        manual_seed(4);
        var x = randn(8, 3, 16, 16);
        var model = ResNet.Create("resnet20", 3, 10);
        BatchNormFolding.Fold(model, x);
        Quantized(model, EasyQuantOptions.Paper.Scheme(bits).ToString(), x);
        EasyQuant.Optimize(model, x, EasyQuantOptions.Paper with { WeightRange = new(0.5, 2, 5), ActivationRange = new(0.5, 2, 5) });
        CheckAnswers(model, x, tolerance);
    }

    /// <summary>Its 70 pixels make windows of both poolings reach beyond the picture.</summary>
    [SkippableTheory, InlineData("W8A8", 0.02), InlineData("W7A7,first-last=2,narrow,signed", 0.03)]
    public void SqueezeNet_answers_as_the_fake_quantized_one_and_in_full_precision_as_the_float_one(string scheme, double tolerance)
    {
        manual_seed(6);
        var x = randn(2, 3, 70, 70) * 60;
        var model = NcnnNetwork.Load(TestData.File("squeezenet1.1", "squeezenet_v1.1.param"));
        using var off = no_grad();
        var floats = model.call(x);
        CheckAnswers(Quantized(model, scheme, x), x, tolerance);
        CheckFloats(model, x, floats);
    }

    /// <summary>Grids that end at 10.2 have codes beyond a ReLU6's 6.</summary>
    [SkippableFact]
    public void MobileNetV2_with_wide_grids_answers_as_the_fake_quantized_one_and_in_full_precision_as_the_float_one()
    {
        manual_seed(3);
        var x = randn(4, 3, 20, 20) * 4;
        using var files = new NcnnFiles(MobileNetTests.V2);
        var model = NcnnNetwork.Load(files.Param);
        using var off = no_grad();
        var floats = model.call(x);
        Quantized(model, "W8A8", x);
        foreach (var quantizer in model.modules().OfType<FakeQuantize>().Where(quantizer => quantizer.Relu6)) quantizer.Set(0.04, 0);
        var stem = (QuantConv2d)model.named_children().Single(child => child.name == "stem").module;
        Assert.True(stem.call(x).max().item<float>() > 10);
        CheckAnswers(model, x, 0.02);
        CheckFloats(model, x, floats);
    }

    /// <summary>Without VNNI its sums saturate by default where weights have 8 bits; with 7 nowhere, and then it needs no exact mode.</summary>
    [SkippableTheory, InlineData("W8A8"), InlineData("W7A8,first-last=7")]
    public void ONNX_Runtime_by_default_answers_as_in_its_exact_mode_unless_it_saturates(string scheme)
    {
        manual_seed(6);
        var x = randn(2, 3, 70, 70) * 60;
        var model = NcnnNetwork.Load(TestData.File("squeezenet1.1", "squeezenet_v1.1.param"));
        using var off = no_grad();
        var expected = Quantized(model, scheme, x).call(x);
        var (_, exact) = Run(OnnxExporter.Export(model, x[..1]), x);
        using OnnxRuntimeSession byDefault = new(path, exact: false);
        var answer = byDefault.Run(x);
        Assert.InRange(Difference(exact, expected), 0, 0.02);
        bool saturates = scheme == "W8A8" && OnnxRuntimeSession.Saturates;
        Assert.Equal(!saturates, exact.equal(answer).all().item<bool>());
        Assert.Equal(!saturates, Difference(answer, expected) <= 0.02);
    }

    [SkippableFact]
    public void A_residual_network_in_full_precision_answers_as_the_float_one()
    {
        manual_seed(7);
        var x = randn(4, 3, 16, 16);
        var model = Quantized(ResNet.Create("resnet20", 3, 10), "W4A4", x);
        var twin = ResNet.Create("resnet20", 3, 10);
        using var off = no_grad();
        twin.load_state_dict(model.state_dict(), strict: false);
        twin.eval();
        CheckFloats(model, x, twin.call(x));
    }

    private void CheckAnswers(nn.Module<Tensor, Tensor> model, Tensor x, double tolerance)
    {
        using var off = no_grad();
        var expected = model.call(x);
        var (written, optimized) = Run(OnnxExporter.Export(model, x[..1]), x);
        Assert.InRange(Difference(written, expected), 0, tolerance);
        Assert.InRange(Difference(optimized, expected), 0, tolerance);
    }

    private void CheckFloats(nn.Module<Tensor, Tensor> model, Tensor x, Tensor expected)
    {
        var file = OnnxExporter.Export(model, x[..1], quantized: false);
        Assert.DoesNotContain(file.Graph.Node, node => node.OpType.EndsWith("QuantizeLinear", StringComparison.Ordinal) || node.OpType == "BatchNormalization");
        var (written, optimized) = Run(file, x);
        Assert.InRange(Difference(written, expected), 0, 1e-5);
        Assert.InRange(Difference(optimized, expected), 0, 1e-5);
    }

    /// <summary>Of the operators that the residual network lacks.</summary>
    private sealed class Branches : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> stem, left, norm, relu, right, head;
        private readonly nn.Module<Tensor, Tensor, Tensor> add = new ResidualAdd();
        private readonly nn.Module<Tensor[], Tensor> concat = new Concat();

        public Branches() : base(nameof(Branches))
        {
            stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding: 1), nn.ReLU(), nn.MaxPool2d(2, stride: 1, padding: 1));
            (left, norm, relu) = (nn.Conv2d(8, 8, 3, stride: 2, groups: 4), nn.BatchNorm2d(8), nn.ReLU());
            right = nn.Sequential(nn.MaxPool2d(3, stride: 2), nn.BatchNorm2d(8), nn.ReLU());
            head = nn.Sequential(nn.Dropout(0.5), nn.AvgPool2d(2, padding: 1), new SharedInput(), nn.Flatten(), nn.Linear(16 * 9, 5));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            var x = stem.call(input);
            var y = left.call(x);
            return head.call(concat.call([relu.call(add.call(y, norm.call(y))), right.call(x)])); // not only the norm reads the convolution
        }
    }

    [SkippableFact]
    public void Pooling_groups_concatenation_and_a_norm_without_convolution_do_too()
    {
        manual_seed(5);
        var x = randn(8, 3, 8, 8);
        var model = Quantized(new Branches(), "W8A8", x);
        CheckAnswers(model, x, 0.01);
        using (no_grad()) model.get_parameter("norm.weight")!.fill_(1); // the convolution's codes with the norm are those without it
        CheckAnswers(model, x, 0.01);
    }

    [SkippableTheory, InlineData("W8A8"), InlineData("W4A8,group=8")]
    public void A_Transformer_does_too_for_sequences_of_any_length(string scheme)
    {
        manual_seed(4);
        var model = new BertForSequenceClassification(new(2, 16, 2, 32, Vocabulary: 50, Positions: 20), 3);
        using (no_grad())
            foreach (var parameter in model.parameters())
                if (parameter.ndim > 1) parameter.mul_(5); // a deviation of 0.02 would leave logits next to nothing
        Batch Sequences(int shortest) => new TokenLoader(
            "",
            [.. Enumerable.Range(shortest, 8).Select(length =>
                new TokenSequence([.. Enumerable.Range(0, length).Select(i => (7 * i + length) % 50)], length / 2, [0]))],
            8).Epoch().First();
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [Sequences(2)]);
        using var off = no_grad();
        var exported = OnnxExporter.Export(model, Sequences(2).Images);
        var (written, optimized) = Run(exported, Sequences(5).Images);
        var expected = model.call(Sequences(5).Images);
        Assert.InRange(Difference(written, expected), 0, 0.02);
        Assert.InRange(Difference(optimized, expected), 0, 0.02);
    }

    private sealed class TwoQuantizers : nn.Module<Tensor, Tensor>
    {
        public readonly nn.Module<Tensor, Tensor> first, relu, last;

        public TwoQuantizers() : base(nameof(TwoQuantizers))
        {
            (first, relu, last) = (nn.Conv2d(1, 1, 1, bias: false), nn.ReLU(), nn.Conv2d(1, 1, 1, bias: false));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => last.call(relu.call(first.call(input)));
    }

    /// <summary>A weight of 1 is exact on every grid, so that x goes through two quantizers and nothing else: half to even, clipped to the kit's codes.</summary>
    [SkippableTheory]
    [InlineData("W8A2,first-last=2"), InlineData("W2A3,first-last=3,signed"), InlineData("W4A4,first-last=4,signed"), InlineData("W8A4,first-last=4,symmetric")]
    [InlineData("W8A6,first-last=6"), InlineData("W8A8,signed"), InlineData("W8A8,symmetric")]
    public void Every_grid_has_exactly_its_codes(string scheme)
    {
        var model = new TwoQuantizers();
        using var off = no_grad();
        foreach (var weight in model.parameters()) weight.fill_(1);
        float[] values = [.. Enumerable.Range(0, 481).Select(i => (i - 240) / 16f)];
        var x = tensor(values, [1, 1, 1, values.Length]);
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(x, zeros(1, dtype: int64))]);
        var (input, relu) = (((QuantizedLayer)model.first).Input!, (FakeQuantize)model.relu);
        input.Set(1, input.Grid.Symmetric ? 0 : 1); // every eighth value is a tie, and both ends are beyond the grid of few bits
        relu.Set(0.5, 0);

        static float OnGrid(float v, FakeQuantize quantizer)
        {
            double code = Math.Round(v / quantizer.Scale, MidpointRounding.ToEven) + quantizer.ZeroPoint;
            return (float)((Math.Clamp(code, quantizer.Grid.QMin, quantizer.Grid.QMax) - quantizer.ZeroPoint) * quantizer.Scale);
        }
        float[] expected = [.. values.Select(v => OnGrid(Math.Max(0, OnGrid(v, input)), relu))];
        var (written, optimized) = Run(OnnxExporter.Export(model, x), x);
        foreach (var logits in (Tensor[])[written, optimized])
            Assert.All(expected.Zip(logits.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [SkippableFact]
    public void A_damaged_file_gives_one_line()
    {
        manual_seed(1);
        var x = randn(2, 3, 8, 8);
        var file = OnnxExporter.Export(Quantized(ResNet.Create("resnet20", 3, 10), "W8A8", x), x);
        file.Graph.Node[3].Input[0] = "nowhere";
        string message = Assert.Throws<UserError>(() => Run(file, x)).Message;
        Assert.Contains("nowhere", message);
        Assert.DoesNotContain('\n', message);
    }
}
