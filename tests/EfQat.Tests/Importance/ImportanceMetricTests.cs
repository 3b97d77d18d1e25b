using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Importance;

public sealed class ImportanceMetricTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public ImportanceMetricTests() => manual_seed(3);

    public void Dispose() => scope.Dispose();

    /// <summary>Two rows: the first has the larger weights, the second the larger gradient and the larger product.</summary>
    [Theory]
    [InlineData(ImportanceMetric.Magnitude, 0), InlineData(ImportanceMetric.Gradient, 1), InlineData(ImportanceMetric.MagnitudeTimesGradient, 1)]
    [InlineData(ImportanceMetric.LeastMagnitude, 1)]
    public void Each_metric_has_its_ranking(ImportanceMetric metric, long best)
    {
        var (weight, gradient) = (tensor(new[] { 3f, -3, 2, -2 }, [2, 2]), tensor(new[] { 0.1f, -0.1f, -1, 1 }, [2, 2]));
        var scores = metric.Of(weight, gradient, FreezingMode.ChannelWisePerLayer);
        Assert.Equal([best], Selection.Choose([scores], FreezingMode.ChannelWisePerLayer, 0.5)[0].Indices);
    }

    [Fact]
    public void Random_choices_take_every_block_as_often_however_many_weights_it_has()
    {
        Tensor[] weights = [ones(4, 1), ones(4, 900)];
        long[] taken = new long[2];
        for (int draw = 0; draw < 400; draw++)
        {
            Tensor[] scores = [.. weights.Select(weight => ImportanceMetric.Random.Of(weight, null, FreezingMode.ChannelWisePerNetwork))];
            var rows = Selection.Choose(scores, FreezingMode.ChannelWisePerNetwork, 0.5);
            for (int layer = 0; layer < 2; layer++) taken[layer] += rows[layer].Count;
        }
        Assert.InRange(taken[0], 700, 900); // of 1600 in all; one standard deviation is 15
    }

    /// <summary>The mean of the logits' gradient, softmax − one-hot, times the input: the closed form of a linear layer.</summary>
    [Fact]
    public void Gradients_of_all_rows_are_those_of_the_network_and_leave_nothing_behind()
    {
        using var model = new Flat();
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        var batch = new Batch(rand(8, 1, 2, 3), randint(0, 5, [8]));
        Quantize.Calibrate(model, Scheme.Parse("W8A8"), [batch]);
        var layer = Quantize.Layers(model)[0];
        layer.Freeze(RowSetOf(1));
        var gradient = WeightGradients.Of(model, batch)[0];

        using var off = no_grad();
        var logits = model.call(batch.Images);
        var error = (nn.functional.softmax(logits, 1) - eye(5).index_select(0, batch.Labels)) / 8;
        var expected = error.t().mm(batch.Images.flatten(1));
        Assert.True((gradient - expected).abs().max().item<float>() < 2e-3f, $"{gradient - expected}"); // the input is rounded to 1/255
        Assert.All(model.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void A_metric_of_gradients_needs_a_source_of_them()
    {
        using var model = new Flat();
        Quantize.Prepare(model, Scheme.Parse("W8A8"));
        Assert.Contains("Gradient", Assert.Throws<UserError>(() => new EfQatUpdate(model, new(Metric: ImportanceMetric.Gradient))).Message);
    }

    private static EfQat.Backward.RowSet RowSetOf(params long[] rows) => EfQat.Backward.RowSet.Of(5, rows);

    private sealed class Flat : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> linear;

        public Flat() : base(nameof(Flat))
        {
            linear = nn.Linear(6, 5);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => linear.call(input.flatten(1));
    }
}
