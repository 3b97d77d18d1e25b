using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

public class ObserverTests
{
    private static readonly Grid Signed = Grid.Weights(8);

    private static float[] Normal(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    /// <summary>The |x| that the highest code stands for.</summary>
    private static double Threshold(ObserverKind kind, Grid grid, params float[][] batches)
    {
        var observer = Observer.Create(kind);
        foreach (var batch in batches) observer.Observe(tensor(batch));
        return observer.Compute(grid).Scale * grid.QMax;
    }

    [Fact]
    public void MinMax_keeps_the_extremes_of_every_batch() =>
        Assert.Equal(7, Threshold(ObserverKind.MinMax, Signed, [1, -7], [3, 2]), 1e-5);

    [Fact]
    public void Moving_average_moves_a_tenth_of_the_way() =>  // 4, then 4 + 0.1·(10 − 4)
        Assert.Equal(4.6, Threshold(ObserverKind.MovingAverage, Signed, [4, -1], [10, -1]), 1e-5);

    [Fact]
    public void Percentile_leaves_out_a_share_at_either_end()
    {
        float[] sorted = [.. Normal(1, 100_000).Order()];
        double upper = sorted[99_989], lower = -sorted[10];
        double found = Threshold(ObserverKind.Percentile, Signed, [.. sorted, 40, -40]);
        Assert.InRange(found, Math.Min(lower, upper) - 0.02, Math.Max(lower, upper) + 0.12);  // a bin is 80/8192 wide
    }

    [Fact]
    public void Mse_finds_the_best_clipping_of_the_values_themselves()
    {
        float[] values = [.. Normal(2, 20_000), 12];
        var grid = Grid.Weights(4);
        double max = values.Max(Math.Abs);
        double Error(double threshold)
        {
            double scale = threshold / grid.QMax;
            return values.Sum(x => Math.Pow(Math.Clamp(Math.Round(x / scale), grid.QMin, grid.QMax) * scale - x, 2));
        }
        double best = Enumerable.Range(1, 100).Min(i => Error(max * i / 100));
        double found = Threshold(ObserverKind.MeanSquaredError, grid, values);
        Assert.InRange(Error(found), 0, best * 1.01);
        Assert.True(Error(found) < Error(max) / 2);
    }

    [Fact]
    public void Kl_cuts_an_outlier_off_a_bell()
    {
        double found = Threshold(ObserverKind.KullbackLeibler, Signed, [.. Normal(3, 200_000), 40]);
        Assert.InRange(found, 2, 20);
    }

    [Fact]
    public void Kl_keeps_nearly_all_of_a_uniform_distribution() =>
        Assert.InRange(Threshold(ObserverKind.KullbackLeibler, Signed, [.. Enumerable.Range(0, 200_001).Select(i => (i - 100_000) / 50_000f)]), 1.9, 2.01);

    [Theory]
    [InlineData(ObserverKind.Percentile), InlineData(ObserverKind.MeanSquaredError), InlineData(ObserverKind.KullbackLeibler)]
    public void A_range_that_grows_between_batches_ends_where_one_batch_does(ObserverKind kind)
    {
        float[] small = [.. Normal(4, 50_000).Select(x => x / 4)], large = Normal(5, 50_000);
        double together = Threshold(kind, Signed, [.. small, .. large]);
        Assert.Equal(together, Threshold(kind, Signed, small, large), 0.1 * together);
        Assert.Equal(Threshold(kind, Signed, small, large), Threshold(kind, Signed, small, large));
    }

    [Theory]
    [InlineData(ObserverKind.MinMax), InlineData(ObserverKind.MovingAverage), InlineData(ObserverKind.Percentile),
     InlineData(ObserverKind.MeanSquaredError), InlineData(ObserverKind.KullbackLeibler)]
    public void Hard_inputs_give_a_positive_scale_or_a_clear_error(ObserverKind kind)
    {
        foreach (float[] hard in new float[][] { [0, 0, 0], [3, 3, 3], [-3, -3], [1e-40f, -1e-40f], [1e37f, -1e37f] })
            Assert.InRange(Threshold(kind, Signed, hard), double.Epsilon, float.MaxValue);
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity })
            Assert.Contains("NaN or infinity", Assert.Throws<UserError>(() => Observer.Create(kind).Observe(tensor(new[] { 1, bad }))).Message);
    }

    [Fact]
    public void Weight_scales_are_each_channels_own()
    {
        using var weight = tensor(new float[] { 1, -2, 0, 0, 0.5f, 0.25f }, [3, 2]);
        float[] scales = WeightScales.Observe(weight, Signed, ObserverKind.MinMax).data<float>().ToArray();
        Assert.Equal([2f / 127, 1, 0.5f / 127], scales);
    }

    [Fact]
    public void Lsq_starts_at_twice_the_mean_magnitude_over_the_root_of_the_highest_code()
    {
        var grid = new Grid(4, Signed: false, Symmetric: true);  // codes to 15
        Assert.Equal(2 * 2.5 / Math.Sqrt(15) * 15, Threshold(ObserverKind.LearnedStepSize, grid, [1, -2], [3, 4]), 1e-5);
        var message = Assert.Throws<UserError>(() => Threshold(ObserverKind.LearnedStepSize, Grid.Activations(4), [1, 2])).Message;
        Assert.Contains("symmetric", message);
    }

    [Fact]
    public void Three_sigma_reaches_three_deviations_beyond_the_mean()
    {
        float[] values = [1, 3, 1, 3];  // mean 2, deviation 1
        var (scale, zero) = Observe(Grid.Weights(4));
        Assert.Equal((5 / 8f, 0), (scale, zero));
        (scale, zero) = Observe(Grid.Activations(4));  // −1 to 5 in 15 steps
        Assert.Equal((6 / 15f, 2), (scale, zero));

        (float, float) Observe(Grid grid)
        {
            var observer = Observer.Create(ObserverKind.ThreeSigma);
            observer.Observe(tensor(values));
            return observer.Compute(grid);
        }
    }
}
