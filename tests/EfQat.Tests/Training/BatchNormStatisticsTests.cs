using EfQat.Datasets;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Training;

public sealed class BatchNormStatisticsTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Means_and_unbiased_variances_are_averaged_over_the_batches()
    {
        manual_seed(1);
        var norm = nn.BatchNorm2d(3, momentum: 0.3);
        norm.running_mean!.fill_(100);
        Batch[] batches = [Images(4, 5), Images(2, 5), Images(6, 5)];
        BatchNormStatistics.Reestimate(nn.Sequential(norm), batches);
        for (int c = 0; c < 3; c++)
        {
            double[][] channel = [.. batches.Select(batch => Channel(batch.Images, c))];
            Assert.Equal(channel.Average(values => values.Average()), norm.running_mean[c].item<float>(), 1e-5);
            Assert.Equal(channel.Average(Variance), norm.running_var![c].item<float>(), 1e-5);
        }
        Assert.Equal(0.3, norm.momentum);

        static double Variance(double[] values) => values.Sum(v => Math.Pow(v - values.Average(), 2)) / (values.Length - 1);
    }

    [Fact]
    public void The_normalizations_of_a_quantized_network_get_them_too()
    {
        manual_seed(1);
        var scheme = Scheme.Parse("W8A8");
        var model = ResNet.Create("resnet20", 1, 10);
        Quantize.Prepare(model, scheme);
        Batch[] batches = [new(randn(8, 1, 32, 32), zeros(8, int64))];
        Quantize.Calibrate(model, scheme, batches);
        using var off = no_grad();
        model.train();
        var inTraining = model.call(batches[0].Images);
        double Distance()
        {
            model.eval();
            return (model.call(batches[0].Images) - inTraining).norm().item<float>() / inTraining.norm().item<float>();
        }
        Assert.True(Distance() > 0.5);
        BatchNormStatistics.Reestimate(model, batches);
        Assert.True(Distance() < 0.15);
    }

    private static Batch Images(int count, int size) => new(randn(count, 3, size, size) * 2 + 1, zeros(count, int64));

    private static double[] Channel(Tensor images, int channel) => [.. images.select(1, channel).contiguous().data<float>().ToArray().Select(v => (double)v)];
}
