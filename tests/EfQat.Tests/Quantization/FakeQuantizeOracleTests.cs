using EfQat.Backward;
using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

public class FakeQuantizeOracleTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        Kernels.UseFused = true;
        scope.Dispose();
    }

    private static FakeQuantize Quantizer(Grid grid, double scale, double zero, bool relu = false)
    {
        var quantizer = new FakeQuantize(grid, relu) { State = QuantizerState.On };
        quantizer.Set(scale, zero);
        return quantizer;
    }

    private static Tensor Parameter(FakeQuantize quantizer, string name) => quantizer.get_parameter(name)!;

    private static Tensor Input(int seed)
    {
        manual_seed(seed);
        return randn(4, 6, 7, 5) * 2;  // [N, C, H, W]
    }

    /// <summary>The definition in doubles.</summary>
    private static double Code(double x, double scale, double zero, Grid grid) =>
        Math.Clamp(Math.Round(x / scale, MidpointRounding.ToEven) + zero, grid.QMin, grid.QMax);

    [Theory]
    [MemberData(nameof(GridTests.Every), MemberType = typeof(GridTests))]
    public void Forward_equals_the_definition(int bits, bool signed, bool symmetric, bool narrow)
    {
        var grid = new Grid(bits, signed, symmetric, narrow);
        var (chosen, zero) = grid.FromRange(-3, 4);
        foreach (bool fused in new[] { true, false })
        {
            Kernels.UseFused = fused;
            var x = Input(bits);
            var y = Quantizer(grid, chosen, zero).call(x);
            var integers = GridTag.Of(y)!;
            double scale = integers.Scale.item<float>();
            short[] codes = integers.Integers().data<short>().ToArray();
            float[] inputs = x.data<float>().ToArray(), outputs = y.data<float>().ToArray();
            for (int i = 0; i < inputs.Length; i++)
            {
                double expected = Code(inputs[i], scale, zero, grid);
                bool tie = Math.Abs(Math.Abs(inputs[i] / scale % 1) - 0.5) < 1e-5;  // x·(1/s) in floats may fall on the other side
                Assert.InRange(Math.Abs(codes[i] - expected), 0, tie ? 1 : 0);
                Assert.Equal((codes[i] - zero) * scale, outputs[i], 1e-6 * Math.Abs(outputs[i]));
            }
            Assert.True(integers.Dequantize().Equals(y));
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Ties_go_to_even(bool fused)
    {
        Kernels.UseFused = fused;
        var x = tensor(new[] { -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 126.5f, 127.5f, -128.5f }, [1, 9]);
        float[] y = Quantizer(new Grid(8, true, true), 1, 0).call(x).data<float>().ToArray();
        Assert.Equal([-2, -2, 0, 0, 2, 2, 126, 127, -128], y);
    }

    [Theory]
    [InlineData(8, 0, false), InlineData(8, 100, false), InlineData(4, 7, true), InlineData(2, 1, false), InlineData(3, 0, true)]
    public void Gradients_equal_the_closed_form_and_the_detach_trick(int bits, int zero, bool relu)
    {
        var grid = Grid.Activations(bits);
        double step = 5.0 / grid.QMax;
        foreach (bool fused in new[] { true, false })
        {
            Kernels.UseFused = fused;
            var x = Input(bits).requires_grad_();
            var g = randn_like(x);
            var quantizer = Quantizer(grid, step, zero, relu);
            quantizer.call(x).backward([g]);
            double k = 1 / Math.Sqrt(6.0 * 7 * 5 * grid.QMax);
            float dLogScale = Parameter(quantizer, "log_scale").grad!.item<float>(), dZero = Parameter(quantizer, "zero_point").grad!.item<float>();
            float[] dx = x.grad!.data<float>().ToArray();

            // The closed form, element by element.
            double scale = Parameter(quantizer, "log_scale").detach().exp().item<float>(), ds = 0, dz = 0, size = 0;
            float[] inputs = x.detach().data<float>().ToArray(), grads = g.data<float>().ToArray();
            for (int i = 0; i < inputs.Length; i++)
            {
                double u = (relu ? Math.Max(inputs[i], 0) : inputs[i]) / scale, code = Math.Round(u) + zero;
                bool inside = code >= grid.QMin && code <= grid.QMax;
                double term = grads[i] * (Math.Clamp(code, grid.QMin, grid.QMax) - zero - (inside ? u : 0));
                (ds, dz, size) = (ds + term, dz - (inside ? 0 : grads[i] * scale), size + Math.Abs(term));
                Assert.Equal(inside && (!relu || inputs[i] > 0) ? grads[i] : 0, dx[i]);
            }
            Assert.Equal(ds * scale * k, dLogScale, 2e-6 * size * scale * k + 1e-7);
            Assert.Equal(dz * k, dZero, 2e-6 * size * k + 1e-7);

            // libtorch's autograd through round(u) = u + (round(u) − u).detach().
            var (x2, log, z) = (x.detach().clone().requires_grad_(), full(1, Math.Log(step), requires_grad: true), full(1, (double)zero, requires_grad: true));
            var s = log.exp();
            var u2 = (relu ? x2.relu() : x2) / s;
            var q = (u2 + (u2.round() - u2).detach() + z).clamp(grid.QMin, grid.QMax);
            ((q - z) * s).backward([g]);
            Assert.True(x2.grad!.allclose(x.grad!, rtol: 1e-6, atol: 0));  // g·s/s rounds
            Assert.Equal(log.grad!.item<float>() * k, dLogScale, 1e-5 * size * scale * k + 1e-6);
            Assert.Equal(z.grad!.item<float>() * k, dZero, 1e-5 * size * k + 1e-6);
        }
    }

    [Theory, InlineData(8), InlineData(4), InlineData(2)]
    public void Rows_have_each_their_own_scale_and_gradient(int bits)
    {
        var grid = Grid.Weights(bits);
        foreach (bool fused in new[] { true, false })
        {
            Kernels.UseFused = fused;
            manual_seed(bits);
            var w = randn(5, 3, 3, 3).requires_grad_();  // [out, in, kh, kw]
            var log = tensor(new[] { -1f, -2f, -3f, -0.5f, 0f }).requires_grad_();
            var g = randn_like(w);
            var y = FakeQuantizeRows.Apply(w, log, grid);
            y.backward([g]);
            float[] weights = w.detach().data<float>().ToArray(), grads = g.data<float>().ToArray(), outputs = y.detach().data<float>().ToArray();
            float[] dw = w.grad!.data<float>().ToArray(), dLog = log.grad!.data<float>().ToArray(), scales = log.detach().exp().data<float>().ToArray();
            double k = 1 / Math.Sqrt(27.0 * grid.QMax);
            for (int row = 0; row < 5; row++)
            {
                double scale = scales[row], ds = 0, size = 0;
                for (int i = 27 * row; i < 27 * (row + 1); i++)
                {
                    double u = weights[i] / scale, q = Code(weights[i], scale, 0, grid);
                    bool inside = Math.Round(u) == q;
                    Assert.Equal(q * scale, outputs[i], 1e-5 * scale);
                    Assert.Equal(inside ? grads[i] : 0, dw[i]);
                    ds += grads[i] * (q - (inside ? u : 0));
                    size += Math.Abs(grads[i] * q) + Math.Abs(grads[i]);
                }
                Assert.Equal(ds * scale * k, dLog[row], 2e-6 * size * scale * k);
            }
        }
    }

    [SkippableTheory, InlineData(false), InlineData(true)]
    public void Fused_and_portable_agree_in_either_memory_order(bool relu)
    {
#if LOCAL_TORCH
        Skip.IfNot(NativeOps.Exists("efqat::fake_quantize"), "this libtorch has no fused kernels");
#else
        Skip.If(true, "the TorchSharp package has no fused kernels");
#endif
        foreach (bool channelsLast in new[] { false, true })
        {
            var dense = Input(9);
            Tensor x = (channelsLast ? dense.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : dense).requires_grad_();
            Tensor g = randn_like(x);
            (Tensor Y, Tensor Codes, Tensor Dx, float Ds, float Dz) Run(bool fused)
            {
                Kernels.UseFused = fused;
                var quantizer = Quantizer(Grid.Activations(5), 0.13, 9, relu);
                x.grad = null;
                var y = quantizer.call(x);
                y.backward([g]);
                return (y.detach(), GridTag.Of(y)!.Codes, x.grad!.clone(), Parameter(quantizer, "log_scale").grad!.item<float>(), Parameter(quantizer, "zero_point").grad!.item<float>());
            }
            var (a, b) = (Run(true), Run(false));
            Assert.True(a.Y.Equals(b.Y) && a.Codes.Equals(b.Codes) && a.Dx.Equals(b.Dx));
            Assert.Equal(a.Y.stride(), x.stride());
            Assert.Equal(a.Ds, b.Ds, 1e-4f * (1 + Math.Abs(b.Ds)));
            Assert.Equal(a.Dz, b.Dz, 1e-4f * (1 + Math.Abs(b.Dz)));
        }
    }

    [Fact]
    public void Off_is_the_identity_and_observing_changes_nothing()
    {
        var x = Input(3);
        var quantizer = new FakeQuantize(Grid.Activations(8));
        Assert.True(quantizer.call(x).Equals(x));
        quantizer.State = QuantizerState.Observing;
        Assert.True(quantizer.call(x).Equals(x));
        quantizer.Finish();
        Assert.Equal((x.max().item<float>() - x.min().item<float>()) / 255, quantizer.Scale, 1e-6);
        Assert.True(new FakeQuantize(Grid.Activations(8), relu: true).call(x).Equals(x.relu()));
    }

    [Theory, InlineData(1e6f), InlineData(-1e6f)]
    public void Scale_stays_positive_and_finite_after_an_absurd_step(float step)
    {
        var quantizer = Quantizer(Grid.Activations(8), 0.1, 0);
        using (no_grad()) Parameter(quantizer, "log_scale").add_(step);
        Assert.True(quantizer.Scale > 0 && double.IsFinite(quantizer.Scale));
        Assert.True(quantizer.call(Input(5)).isfinite().all().item<bool>());
        var rows = FakeQuantizeRows.Apply(randn(2, 3), full(2, step), Grid.Weights(4));
        Assert.True(rows.isfinite().all().item<bool>());
    }

    [Fact]
    public void A_tag_ends_with_its_codes()
    {
        var y = Quantizer(Grid.Activations(8), 0.1, 0).call(Input(6));
        Assert.NotNull(GridTag.Of(y));
        Assert.Null(GridTag.Of(y.clone()));
        GridTag.Of(y)!.Codes.Dispose();
        Assert.Null(GridTag.Of(y));
    }
}
