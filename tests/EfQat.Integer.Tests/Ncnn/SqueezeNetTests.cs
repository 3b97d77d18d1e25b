using EfQat.Datasets;
using EfQat.Integer.Compilation;
using EfQat.Integer.Kernels;
using EfQat.Integer.Ncnn;
using EfQat.Integer.Program;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Integer.Tests.Ncnn;

public sealed class SqueezeNetTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static NcnnNetwork Network() => NcnnNetwork.Load(TestData.File("squeezenet1.1", "squeezenet_v1.1.param"));

    private static TarPictures Pictures(int count, int batchSize = 10) => new(TestData.File("imagenet-sample-1000.tar"), 227, batchSize, count);

    private static NcnnNetwork Quantized(string bits)
    {
        var model = Network();
        Quantize.Prepare(model, Scheme.Parse(bits));
        using var inner = NewDisposeScope();
        Quantize.Calibrate(model, Scheme.Parse(bits), Pictures(20).Epoch());
        return model;
    }

    /// <summary>PyTorch recognizes as many, with the same files and pictures; of all 1000 it is 62.3 %.</summary>
    [SkippableFact]
    public void Real_pictures_are_recognized() => Assert.InRange(Evaluator.Top1(Network(), Pictures(100)), 64, 66);

    [SkippableFact]
    public void No_layer_differs_by_more_than_one_step()
    {
        var model = Quantized("W8A8");
        var image = Pictures(1).Epoch().First().Images;
        using var session = new IntegerSession(IntegerCompiler.Compile(model, image), KernelKind.Direct, threads: 2);
        var layers = LayerDifference.Of(session, model, image);
        Assert.Equal(1 + 26 + 8 + 3, layers.Count); // input, convolutions, concatenations, poolings
        Assert.All(layers, layer => Assert.True(layer.MaxSteps <= 1 && layer.Share < 0.001, $"{layer}"));
    }

    /// <summary>Differences of one step in a thousandth of a layer's codes add up to a hundredth of the logits: only what is as close may change places.</summary>
    [SkippableFact]
    public void It_answers_as_the_fake_quantized_network()
    {
        var model = Quantized("W8A8");
        using var session = new IntegerSession(IntegerCompiler.Compile(model, Pictures(1).Epoch().First().Images), KernelKind.Direct, threads: 2);
        using var off = no_grad();
        var logits = new float[1000];
        foreach (var batch in Pictures(20, 1).Epoch())
        {
            float[] expected = model.call(batch.Images).data<float>().ToArray();
            session.Run(batch.Images.permute(0, 2, 3, 1).contiguous().data<float>().ToArray(), logits);
            Assert.InRange(expected.Zip(logits, (a, b) => Math.Abs(a - b)).Max(), 0, 0.01 * expected.Max());
            if (expected.Order().TakeLast(2).ToArray() is var best && best[1] - best[0] > 0.01 * best[1])
                Assert.Equal(Array.IndexOf(expected, expected.Max()), Array.IndexOf(logits, logits.Max()));
        }
    }

    [SkippableFact]
    public void Its_file_is_3_point_9_times_smaller_than_the_floats()
    {
        var model = Network();
        double floats = 4.0 * model.parameters().Sum(parameter => parameter.numel());
        var x = randn(1, 3, 70, 70) * 60;
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Quantize.Calibrate(model, Scheme.Parse("W8A8"), [new Batch(x, zeros(1, dtype: int64))]);
        string path = Path.GetTempFileName();
        try
        {
            ProgramFile.Save(IntegerCompiler.Compile(model, x), path);
            Assert.InRange(floats / new FileInfo(path).Length, 3.9, 4);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
