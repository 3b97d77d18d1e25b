using EfQat.Datasets;
using EfQat.Models;
using EfQat.PostTraining;
using EfQat.Quantization;

namespace EfQat.Tests.PostTraining;

public class EasyQuantTests
{
    private static readonly EasyQuantOptions Few = EasyQuantOptions.Paper with { WeightRange = new(0.5, 2, 7), ActivationRange = new(0.5, 2, 7) };

    private static (ResNet Model, Tensor Samples) CalibratedResNet(Scheme scheme)
    {
        manual_seed(1);
        var (model, samples) = (ResNet.Create("resnet20", 1, 10), randn(4, 1, 12, 12));
        BatchNormFolding.Fold(model, samples);
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [new Batch(samples, zeros(4, int64))]);
        return (model, samples);
    }

    private static float[] Scales(nn.Module model) =>
        [.. Quantize.Layers(model).SelectMany(layer => layer.Integers.Scale.data<float>().ToArray()), .. Quantize.Quantizers(model).Select(q => (float)q.Scale)];

    /// <summary>cos of what the layers return with what their float origins did, from the definition.</summary>
    private static double Cosine(float[] x, float[] y) =>
        x.Zip(y, (a, b) => (double)a * b).Sum() / Math.Sqrt(x.Sum(a => (double)a * a) * y.Sum(b => (double)b * b));

    [Theory, InlineData(8), InlineData(7), InlineData(4)]
    public void No_search_lowers_a_layers_cosine(int bits)
    {
        using var scope = NewDisposeScope();
        var (model, samples) = CalibratedResNet(Few.Scheme(bits));
        var searches = EasyQuant.Optimize(model, samples, Few with { Rounds = 2 });
        Assert.Equal(2 * (20 + 30), searches.Count);  // activations: the network's input and the mean that the linear layer reads, 19 ReLUs, 9 operands of sums
        Assert.All(searches, search => Assert.InRange(search.After, search.Before, 1 + 1e-9));
        Assert.Contains(searches, search => search.OfWeights && search.After > search.Before);
        Assert.Contains(searches, search => !search.OfWeights && search.After > search.Before);
    }

    [Fact]
    public void What_a_search_reports_is_the_cosine_of_the_layers_outputs()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (model, samples) = CalibratedResNet(Few.Scheme(5));
        Quantize.SetState(model, QuantizerState.Off);
        var expected = LayerOutputs.Of(model, samples).ToDictionary(pair => pair.Layer, pair => pair.Output);
        Quantize.SetState(model, QuantizerState.On);
        double Now(string layer)
        {
            var (o, output) = (expected[layer], LayerOutputs.Of(model, samples).Single(pair => pair.Layer == layer).Output);
            return Enumerable.Range(0, 4).Average(i => Cosine(o[i].flatten().data<float>().ToArray(), output[i].flatten().data<float>().ToArray()));
        }
        // Compared as the layers return them, with their bias; no ReLU follows a block's second convolution.
        var searches = EasyQuant.Optimize(model, samples, Few with { AfterRelu = true, Activations = false });
        Assert.Equal(Now("layer3.2.conv2"), searches.Single(search => search.Name == "layer3.2.conv2").After, 1e-6);
        Assert.Equal(Now("linear"), searches.Single(search => search.Name == "linear").After, 1e-6);
    }

    private sealed class WithRelu6 : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> conv = nn.Conv2d(2, 4, 3), relu6 = nn.ReLU6(), flat = nn.Flatten(), linear = nn.Linear(4 * 36, 3);

        public WithRelu6() : base(nameof(WithRelu6)) => RegisterComponents();

        public override Tensor forward(Tensor input) => linear.call(flat.call(relu6.call(conv.call(input))));
    }

    [Fact]
    public void What_a_relu6_cuts_off_is_not_compared()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        manual_seed(4);
        var (model, samples) = (new WithRelu6(), randn(3, 2, 8, 8) * 20);
        Tensor Convolved() => LayerOutputs.Of(model, samples).Single(pair => pair.Layer == "conv").Output.relu6();
        var expected = Convolved();
        Quantize.Prepare(model, Few.Scheme(5));
        Quantize.Calibrate(model, Few.Scheme(5), [new Batch(samples, zeros(3, int64))]);
        var search = EasyQuant.Optimize(model, samples, Few with { AfterRelu = true, Activations = false }).Single(search => search.Name == "conv");
        var now = Convolved();
        Assert.Equal(
            Enumerable.Range(0, 3).Average(i => Cosine(expected[i].flatten().data<float>().ToArray(), now[i].flatten().data<float>().ToArray())),
            search.After, 1e-6);
    }

    /// <summary>Query, key and value read one tensor, which is searched once, for all three; GELU and LayerNorm stand between the others.</summary>
    [Fact]
    public void A_transformer_is_searched_too()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var scheme = Few.Scheme(5);
        var size = new BertSize(Layers: 2, Hidden: 16, Heads: 2, Intermediate: 24, Vocabulary: 50, Positions: 12);
        var model = new BertForSequenceClassification(size, 3);
        var samples = stack([randint(0, 50, [4, 10]), zeros([4, 10], int64), ones([4, 10], int64)], 1);  // ids, types, mask
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [new Batch(samples, zeros(4, int64))]);
        var searches = EasyQuant.Optimize(model, samples, Few);
        Assert.Equal(Quantize.Layers(model).Count, searches.Count(search => search.OfWeights));
        Assert.All(searches, search => Assert.InRange(search.After, search.Before, 1 + 1e-9));
        Assert.Contains(searches, search => search.OfWeights && search.After > search.Before);
    }

    [Fact]
    public void Sweeps_can_be_left_out_and_the_same_search_gives_the_same_scales()
    {
        using var scope = NewDisposeScope();
        var options = Few.Scheme(6);
        float[] Found(EasyQuantOptions few)
        {
            var (model, samples) = CalibratedResNet(options);
            EasyQuant.Optimize(model, samples, few);
            return Scales(model);
        }
        float[] start = Scales(CalibratedResNet(options).Model), both = Found(Few);
        int weights = start.Length - Quantize.Quantizers(CalibratedResNet(options).Model).Count;
        Assert.Equal(start[weights..], Found(Few with { Activations = false })[weights..]);
        Assert.Equal(start[..weights], Found(Few with { Weights = false })[..weights]);
        Assert.Equal(start, Found(Few with { Rounds = 0 }));
        Assert.Equal(both, Found(Few));
        Assert.NotEqual(both, Found(Few with { Rounds = 2 }));
    }

    [Fact]
    public void Progress_is_told_and_a_stopped_search_leaves_a_model_that_runs()
    {
        using var scope = NewDisposeScope();
        var (model, samples) = CalibratedResNet(Few.Scheme(7));
        using var source = new CancellationTokenSource();
        var seen = new List<EasyQuantProgress>();
        var progress = new Told(info =>
        {
            seen.Add(info);
            if (info.Done == 3) source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => EasyQuant.Optimize(model, samples, Few, progress, source.Token));
        Assert.Equal([(1, 50, "conv1"), (2, 50, "layer1.0.conv1"), (3, 50, "layer1.0.conv2")], seen.Select(info => (info.Done, info.Total, info.Last.Name)));
        var logits = model.call(samples);
        Assert.True(logits.isfinite().all().item<bool>());
        Assert.Equal(3, seen.Count);  // nobody watches any more
        Assert.True(logits.Equals(model.call(samples)));
    }

    private sealed class Told(Action<EasyQuantProgress> tell) : IProgress<EasyQuantProgress>
    {
        public void Report(EasyQuantProgress value) => tell(value);
    }

    [Fact]
    public void Zero_filters_and_pictures_of_one_colour_keep_their_scales()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var scheme = Few.Scheme(7);
        manual_seed(2);
        var (model, samples) = (new ThreeLayers(), full([3, 2, 8, 8], 0.5));
        model.get_parameter("conv1.weight")![0].zero_();
        model.get_parameter("conv2.weight")!.zero_();
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [new Batch(samples, zeros(3, int64))]);
        float[][] start = model.Scales();
        var searches = EasyQuant.Optimize(model, samples, Few);
        Assert.All(searches, search => Assert.InRange(search.After, search.Before, 1 + 1e-9));
        Assert.Equal(1, searches.Single(search => search.Name == "conv2").After);  // 0 and 0 are alike
        Assert.Equal(start[0][0], model.Scales()[0][0]);
        Assert.Equal(start[1], model.Scales()[1]);
    }

    [Fact]
    public void Errors_name_the_layer_and_the_remedy()
    {
        using var scope = NewDisposeScope();
        var (model, samples) = ThreeLayers.Calibrated(1, Few.Scheme(7));
        string Refused(nn.Module<Tensor, Tensor> network, Tensor input) => Assert.Throws<UserError>(() => EasyQuant.Optimize(network, input, Few)).Message;
        Assert.Contains("no samples", Refused(model, samples[..0]));
        Assert.Contains("Quantize.Calibrate", Refused(new ThreeLayers(), samples));
        var perTensor = ThreeLayers.Calibrated(1, new Scheme(7, 7) { Granularity = Granularity.PerTensor }).Model;
        Assert.Contains("conv1: EasyQuant searches one scale per output channel, not per-tensor", Refused(perTensor, samples));
        using (no_grad()) model.get_parameter("conv2.weight")![1].fill_(double.NaN);
        Assert.StartsWith("conv2: its float output holds NaN", Refused(model, samples));
        Assert.All(Quantize.Layers(model), layer => Assert.True(layer.Quantizing));
        Assert.Contains("0.5·S to 2·S, 0 candidates", Assert.Throws<UserError>(() => new ScaleRange(0.5, 2, 0).Steps(1)).Message);
    }

    [Fact]
    public void Ranges_are_linear_in_the_scale_that_multiplies()
    {
        double[] steps = EasyQuantOptions.Paper.WeightRange.Steps(0.25);  // S = 4
        Assert.Equal(101, steps.Length);
        Assert.Equal((0.25, 1 / 2.0, 1 / 8.0), (steps[0], steps[1], steps[^1]));
        Assert.All(Enumerable.Range(1, 99), i => Assert.Equal(6.0 / 99, 1 / steps[i + 1] - 1 / steps[i], 1e-12));
        steps = EasyQuantOptions.OfficialCode.WeightRange.Steps(0.25);
        Assert.Equal((101, 1, 0.25), (steps.Length, steps[1], steps[^1]));
        steps = EasyQuantOptions.OfficialCode.ActivationRange.Steps(0.25);
        Assert.Equal((201, 1 / 3.2, 0.25), (steps.Length, steps[1], steps[^1]));
    }
}
