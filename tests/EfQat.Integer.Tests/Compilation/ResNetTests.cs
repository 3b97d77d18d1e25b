using EfQat.Datasets;
using EfQat.Integer.Compilation;
using EfQat.Integer.Kernels;
using EfQat.Integer.Program;
using EfQat.Models;
using EfQat.PostTraining;
using EfQat.Quantization;

namespace EfQat.Integer.Tests.Compilation;

public sealed class ResNetTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [SkippableTheory, InlineData("W8A8", 1000), InlineData("W4A8", 1000), InlineData("W4A4", 1000)]
    public void On_Fashion_MNIST_it_answers_as_the_fake_quantized_network(string bits, int images)
    {
        var (model, test) = Networks.FashionMnistPtq(bits);
        var loader = new BatchLoader(test.Subset(images, 1), 100);
        using var session = new IntegerSession(IntegerCompiler.Compile(model, loader.Epoch().First().Images[..1]), KernelKind.Direct);
        var logits = new float[10];
        int same = 0;
        foreach (var batch in loader.Epoch())
        {
            using var inner = NewDisposeScope();
            using var off = no_grad();
            long[] expected = model.call(batch.Images).argmax(1).data<long>().ToArray();
            float[] pixels = Networks.Pixels(batch.Images);
            for (int i = 0; i < expected.Length; i++)
            {
                session.Run(pixels.AsSpan(i * 1024, 1024), logits);
                if (Array.IndexOf(logits, logits.Max()) == expected[i]) same++;
            }
        }
        Assert.True(same >= 0.999 * images, $"{same} of {images} images have the same top-1");
    }

    [SkippableTheory, InlineData("W8A8"), InlineData("W4A8"), InlineData("W4A4")]
    public void On_Fashion_MNIST_no_layer_differs_by_more_than_one_step(string bits)
    {
        var (model, test) = Networks.FashionMnistPtq(bits);
        foreach (var batch in new BatchLoader(test, 1).Epoch().Take(3))
            CheckLayers(model, batch.Images, share: 0.01);
    }

    [Theory, InlineData("W8A8"), InlineData("W5A5"), InlineData("W2A2,first-last=2"), InlineData("W7A7,per-tensor"), InlineData("W8A8,symmetric"), InlineData("W7A7,symmetric,narrow"),
     InlineData("W3A4,pact")]
    public void Whatever_the_grids_no_layer_differs_by_more_than_one_step(string scheme)
    {
        manual_seed(3);
        var x = randn(4, 3, 16, 16);
        CheckLayers(Networks.Prepared(ResNet.Create("resnet20", 3, 10), scheme, x), x[..1], share: 0.01);
    }

    /// <summary>63 on either side of zero, BatchNorm folded, scales searched: behind a ReLU only the upper half of the codes is left.</summary>
    [Fact]
    public void EasyQuants_network_has_7_bit_codes_whose_products_add_up_in_16_bits()
    {
        manual_seed(4);
        var x = randn(4, 3, 16, 16);
        var model = Networks.Prepared(ResNet.Create("resnet20", 3, 10), EasyQuantOptions.Paper.Scheme(7).ToString(), x);
        BatchNormFolding.Fold(model, x);
        EasyQuant.Optimize(model, x, EasyQuantOptions.Paper with { WeightRange = new(0.5, 2, 5), ActivationRange = new(0.5, 2, 5) });
        var layers = IntegerCompiler.Compile(model, x[..1]).Steps.OfType<Convolution>().Select(step => step.Layer).ToArray();
        Assert.Equal([126, .. Enumerable.Repeat(63, 18)], layers.Select(layer => (int)layer.InputMax));
        Assert.All(layers, layer => Assert.InRange(layer.Weights.Max(weight => Math.Abs((int)weight)), 1, 63));
        CheckLayers(model, x[..1], share: 0.01);
    }

    /// <param name="share">Of codes that may differ.</param>
    private static void CheckLayers(nn.Module<Tensor, Tensor> model, Tensor image, double share)
    {
        using var session = new IntegerSession(IntegerCompiler.Compile(model, image), KernelKind.Specification);
        var layers = LayerDifference.Of(session, model, image);
        Assert.Equal(1 + 19 + 9 + 2 + 1, layers.Count);
        Assert.All(layers, layer => Assert.True(layer.MaxSteps <= 1 && layer.Share < share, $"{layer}"));
    }
}
