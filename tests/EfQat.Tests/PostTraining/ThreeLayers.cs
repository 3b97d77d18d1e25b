using EfQat.Datasets;
using EfQat.PostTraining;
using EfQat.Quantization;

namespace EfQat.Tests.PostTraining;

/// <summary>Convolution, ReLU, max pooling, grouped convolution with stride, ReLU, linear: every way a layer is read, on 8×8 pictures.</summary>
internal sealed class ThreeLayers : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> conv1 = nn.Conv2d(2, 4, 3, padding: 1), relu1 = nn.ReLU(), pool = nn.MaxPool2d(2);
    private readonly nn.Module<Tensor, Tensor> conv2 = nn.Conv2d(4, 6, 3, stride: 2, padding: 1, groups: 2, bias: false), relu2 = nn.ReLU();
    private readonly nn.Module<Tensor, Tensor> flat = nn.Flatten(), linear = nn.Linear(24, 3);

    public ThreeLayers() : base(nameof(ThreeLayers)) => RegisterComponents();

    /// <summary>Quantized and calibrated.</summary>
    public static (ThreeLayers Model, Tensor Samples) Calibrated(long seed, Scheme scheme)
    {
        manual_seed(seed);
        var (model, samples) = (new ThreeLayers(), randn(5, 2, 8, 8));
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [new Batch(samples, zeros(5, int64))]);
        return (model, samples);
    }

    /// <summary>The scales of the weights, layer after layer, then those of the activations in the order they run.</summary>
    public float[][] Scales() =>
    [
        .. Quantize.Layers(this).Select(layer => layer.Integers.Scale.data<float>().ToArray()),
        [.. Activations().Select(quantizer => (float)quantizer.Scale)],
    ];

    public override Tensor forward(Tensor input)
    {
        var x = pool.call(relu1.call(conv1.call(input)));             // [N, 4, 4, 4]
        return linear.call(flat.call(relu2.call(conv2.call(x))));     // [N, 3]
    }

    private IEnumerable<FakeQuantize> Activations() => [((QuantizedLayer)conv1).Input!, (FakeQuantize)relu1, (FakeQuantize)relu2];
}
