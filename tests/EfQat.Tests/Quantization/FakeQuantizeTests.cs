using EfQat.Quantization;
using EfQat.Tests.Backward;

namespace EfQat.Tests.Quantization;

public class FakeQuantizeTests
{
    public static TheoryData<int, bool, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<int, bool, bool, bool>();
            for (int bits = 2; bits <= 8; bits++)
                foreach (bool signed in (bool[])[true, false])
                    foreach (bool relu in (bool[])[true, false])
                        foreach (bool fused in (bool[])[true, false])
                            cases.Add(bits, signed, relu, fused);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_gradients_equal_the_closed_form_on_plain_arrays(int bits, bool signed, bool relu, bool fused)
    {
        using var scope = NewDisposeScope();
        using var mode = new FusedMode(fused);
        manual_seed(bits);
        var grid = new Grid(bits, signed, Symmetric: false);
        const float Scale = 0.25f;  // a power of two: ties are exact
        double zero = signed ? 0 : 1;
        var quantizer = new FakeQuantize(grid, relu) { State = QuantizerState.On };
        quantizer.Set(Scale, zero);
        var ties = Enumerable.Range(-8, 17).Select(i => (i + 0.5f) * Scale);
        float[] x = [.. ties, .. (randn(2 * 5 * 7 * 3 - 17) * 3).data<float>().ToArray()];
        var input = tensor(x, [2, 5, 7, 3]).requires_grad_();
        float[] g = randn(x.Length).data<float>().ToArray();

        var output = quantizer.call(input);
        (output * tensor(g, [2, 5, 7, 3])).sum().backward();

        float[] found = output.detach().data<float>().ToArray(), gradient = input.grad!.data<float>().ToArray();
        short[] integers = GridTag.Of(output)!.Integers().data<short>().ToArray();
        double sumScale = 0, sumZero = 0;
        double s = Math.Exp(quantizer.get_parameter("log_scale")!.item<float>());
        for (int i = 0; i < x.Length; i++)
        {
            double u = (relu ? Math.Max(x[i], 0) : x[i]) / Scale;
            double code = Math.Round(u, MidpointRounding.ToEven) + zero;
            double q = Math.Clamp(code, grid.QMin, grid.QMax);
            bool inside = code == q;
            Assert.Equal((q - zero) * Scale, found[i], 6);
            Assert.Equal(q, integers[i]);
            Assert.Equal(inside && !(relu && x[i] <= 0) ? g[i] : 0, gradient[i]);
            sumScale += g[i] * (inside ? q - zero - u : q - zero);
            sumZero += inside ? 0 : -Scale * g[i];
        }
        double k = 1 / Math.Sqrt(x.Length / 2.0 * Math.Max(grid.QMax, 1));
        Assert.Equal(k * sumScale * s, quantizer.get_parameter("log_scale")!.grad!.item<float>(), 1e-4);
        Assert.Equal(k * sumZero, quantizer.get_parameter("zero_point")!.grad!.item<float>(), 1e-4);
    }

    [Theory]
    [InlineData(2), InlineData(4), InlineData(8)]
    public void The_scale_gradient_of_rows_is_autograds_of_the_detach_trick(int bits)
    {
        foreach (bool fused in (bool[])[true, false])
        {
            using var scope = NewDisposeScope();
            using var mode = new FusedMode(fused);
            manual_seed(bits);
            var grid = Grid.Weights(bits);
            var w = randn([6, 4, 3, 3]).requires_grad_();
            var log = (w.detach().abs().flatten(1).amax([1]) / grid.QMax * 0.7).log().requires_grad_();
            var g = randn(6, 4, 3, 3);
            (FakeQuantizeRows.Apply(w, log, grid) * g).sum().backward();
            var (gw, gs) = (w.grad!.clone(), log.grad!.clone());
            (w.grad, log.grad) = (null, null);

            var scale = log.exp().reshape(6, 1, 1, 1);
            var (u, code) = (w / scale, (w / scale).round().detach());
            var clipped = code.clamp(grid.QMin, grid.QMax);
            var trick = where(code.eq(clipped), u + (code - u).detach(), clipped) * scale;
            (trick * g).sum().backward();
            Assert.True(gw.allclose(w.grad!, rtol: 1e-4, atol: 1e-5));
            Assert.True(gs.allclose(log.grad! / Math.Sqrt(36.0 * grid.QMax), rtol: 1e-3, atol: 1e-5));
        }
    }

    [Fact]
    public void Off_it_is_the_identity() =>
        Assert.True(new FakeQuantize(Grid.Activations(4)).call(tensor(new[] { -1.3f, 0.1f, 9f })).Equals(tensor(new[] { -1.3f, 0.1f, 9f })));

    /// <summary>On a grid that ends at 12.75.</summary>
    [Fact]
    public void Behind_a_relu6_nothing_is_above_6_and_nothing_above_has_a_gradient()
    {
        var quantizer = new FakeQuantize(Grid.Activations(8), relu: true) { Relu6 = true };
        var x = tensor(new[] { -1.3f, 0.12f, 5.98f, 9.96f }, requires_grad: true);
        Assert.True(quantizer.call(x).Equals(x.relu6()));
        quantizer.Set(0.05, 0);
        Assert.Equal(120, quantizer.Highest);
        quantizer.State = QuantizerState.On;
        var y = quantizer.call(x);
        Assert.Equal([0, 2, 120, 120], GridTag.Of(y)!.Codes.data<byte>().ToArray());
        y.sum().backward();
        Assert.Equal([0, 1, 1, 0], x.grad!.data<float>().ToArray());
    }

    [Theory]
    [InlineData(1), InlineData(9)]
    public void Other_widths_are_refused(int bits) => Assert.Contains($"bits {bits}", Assert.Throws<UserError>(() => Grid.Weights(bits)).Message);

    [Fact]
    public void A_range_always_holds_an_exact_zero()
    {
        var (scale, zero) = Grid.Activations(8).FromRange(-1, 3);
        Assert.Equal(4.0 / 255, scale, 6);
        Assert.Equal(Math.Round(255 / 4.0), zero);
        Assert.Equal((1f, 0f), Grid.Weights(8).FromRange(0, 0));
        Assert.Throws<UserError>(() => Grid.Weights(8).FromRange(double.NaN, 1));
    }

    [Fact]
    public void Clipping_observers_ignore_an_outlier_and_min_max_does_not()
    {
        manual_seed(1);
        var x = cat([randn(20000), tensor(new[] { 60f })]);
        double Reach(ObserverKind kind, int bits = 8)
        {
            var observer = Observer.Create(kind);
            observer.Observe(x);
            return observer.Compute(Grid.Weights(bits)).Scale * Grid.Weights(bits).QMax;
        }
        Assert.Equal(60, Reach(ObserverKind.MinMax), 3);
        Assert.InRange(Reach(ObserverKind.Percentile), 3, 6);
        Assert.InRange(Reach(ObserverKind.KullbackLeibler), 2, 15);
        // At 8 bits clipping one value of 60 costs more than rounding 20,000 coarsely; at 4 bits less.
        Assert.InRange(Reach(ObserverKind.MeanSquaredError), 30, 60);
        Assert.InRange(Reach(ObserverKind.MeanSquaredError, bits: 4), 2, 15);
    }
}
