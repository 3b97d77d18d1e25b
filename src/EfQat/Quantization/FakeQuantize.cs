using EfQat.Backward;
using TorchSharp.Modules;
using static EfQat.Backward.BackwardTime;

namespace EfQat.Quantization;

/// <summary>What an activation quantizer does with its input.</summary>
public enum QuantizerState
{
    /// <summary>Passes it on.</summary>
    Off,

    /// <summary>Passes it on and watches its range.</summary>
    Observing,

    /// <summary>Fake-quantizes it.</summary>
    On,
}

/// <summary>
/// Fake-quantizes activations per tensor, with a learned scale and zero point (LSQ, arXiv 1902.08153; LSQ+, arXiv 2004.09576), and puts
/// a ReLU in front of it where asked. Its output carries its integers (<see cref="GridTag"/>).
/// <code>
/// ∂L/∂x = ∂L/∂x̂ inside the grid, 0 where clipped
/// ∂L/∂s = k · Σ ∂L/∂x̂ · (inside ? (q − z) − x/s : q − z)
/// ∂L/∂z = k · Σ ∂L/∂x̂ · (inside ? 0 : −s)               k = 1/√(n·qmax), n the elements of a sample
/// </code>
/// Behind a ReLU it may clip at α instead: <see cref="Quantization.Clipping"/>.
/// </summary>
public sealed class FakeQuantize : nn.Module<Tensor, Tensor>
{
    private readonly bool relu, gradientScale;
    private readonly Observer observer;
    private readonly Parameter log_scale, zero_point;

    /// <summary>Off until calibrated.</summary>
    public FakeQuantize(Grid grid, bool relu = false, ObserverKind observer = ObserverKind.MinMax, bool gradientScale = true) : base(nameof(FakeQuantize))
    {
        Grid = grid;
        (this.relu, this.gradientScale) = (relu, gradientScale);
        this.observer = Observer.Create(observer);
        log_scale = new Parameter(zeros(1));
        zero_point = new Parameter(zeros(1));
        RegisterComponents();
    }

    /// <summary>The grid of the output.</summary>
    public Grid Grid { get; }

    /// <summary>Whether a ReLU comes first.</summary>
    public bool Relu => relu;

    /// <summary>Whether that is a ReLU6: nothing is above 6, wherever the grid ends.</summary>
    public bool Relu6 { get; init; }

    /// <summary>Where the ReLU's output is clipped; other than at the grid's ends only with a ReLU and without a zero point.</summary>
    public Clipping Clipping { get; init; }

    /// <summary>Told the input before it is used.</summary>
    internal Action<Tensor>? Arriving { get; set; }

    /// <summary>What it does now.</summary>
    public QuantizerState State { get; set; }

    /// <summary>Whether any tensor passed while it observed.</summary>
    public bool HasObserved { get; private set; }

    /// <summary>The scale, positive by construction.</summary>
    public double Scale
    {
        get
        {
            using var scope = NewDisposeScope();
            return LogScale.Exp(log_scale.detach()).item<float>();
        }
    }

    /// <summary>The zero point in use, on the grid.</summary>
    public int ZeroPoint => (int)Math.Clamp(Math.Round(zero_point.item<float>()), Grid.QMin, Grid.QMax);

    /// <summary>The highest code of the output: the grid's, or that of a ReLU6's 6.</summary>
    public int Highest => Relu6 ? (int)Math.Min(Grid.QMax, ZeroPoint + MathF.Round(6 * (1 / (float)Scale))) : Grid.QMax;

    /// <summary>Sets scale and zero point from what was observed.</summary>
    public void Finish()
    {
        if (!HasObserved) return;
        var (scale, zeroPoint) = observer.Compute(Grid);
        Set(scale, zeroPoint);
    }

    /// <summary>Sets scale and zero point.</summary>
    public void Set(double scale, double zeroPoint)
    {
        using var off = no_grad();
        log_scale.fill_(Math.Log(scale));
        zero_point.fill_(zeroPoint);
    }

    /// <summary>Adds the gradient of λ/2 · α² where α is learned.</summary>
    internal void AddDecay(double decay)
    {
        if (Clipping == Clipping.Learned && log_scale.grad is { } gradient) Pact.AddDecay(gradient, log_scale, Grid, decay);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        Arriving?.Invoke(input);
        if (State == QuantizerState.On) return Quantized(Relu6 ? input.relu6() : input);
        var x = Activated(input);
        if (State == QuantizerState.Observing)
        {
            observer.Observe(x.detach());
            HasObserved = true;
        }
        return x;
    }

    /// <summary>The input behind the ReLU, where there is one.</summary>
    internal Tensor Activated(Tensor input) => Relu6 ? input.relu6() : relu ? input.relu() : input;

    private Tensor Quantized(Tensor input)
    {
        Tensor scale, zeroPoint;
        using (no_grad())
            (scale, zeroPoint) = (LogScale.Exp(log_scale), zero_point.round().clamp(Grid.QMin, Grid.QMax));
        double k = gradientScale ? 1 / Math.Sqrt((double)input.numel() / input.shape[0] * Grid.QMax) : 1;
        var outputs = Clipping != Clipping.Grid ? Pact.Apply(input, log_scale, scale, Grid, Clipping == Clipping.Learned)
            : Normalized.Of(input) is { } from ? NormalizedFakeQuantize.Apply(from, input, log_scale, zero_point, scale, zeroPoint, Grid, relu, k)
            : Function.apply(input, log_scale, zero_point, scale, zeroPoint, Grid, relu, k);
        GridTag.Attach(outputs[0], new(outputs[1], scale, zeroPoint, Grid) { Quantizer = this });
        return outputs[0];
    }

    private sealed class Function : autograd.MultiTensorFunction<Function>
    {
        public override string Name => nameof(FakeQuantize);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, scale, zeroPoint) = ((Tensor)vars[0], (Tensor)vars[3], (Tensor)vars[4]);
            var (grid, relu) = ((Grid)vars[5], (bool)vars[6]);
            var (quantized, codes) = Kernels.FakeQuantize(x, scale, zeroPoint, grid, relu);
            ctx.save_for_backward([x, scale, zeroPoint]);
            SavedBytes.Add(SavedBytes.Kind.QuantizerInputs, x);
            ctx.save_data("grid", grid);
            ctx.save_data("relu", relu);
            ctx.save_data("k", vars[7]);
            ctx.mark_non_differentiable([codes]);
            ctx.set_materialize_grads(false);
            return [quantized, codes];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            var saved = ctx.get_saved_variables();
            var (x, scale, grid) = (saved[0], saved[1], (Grid)ctx.get_data("grid"));
            var (gradX, gradScale, gradZero) = Measure(
                Part.FakeQuantize, () => Kernels.FakeQuantizeBackward(grad_outputs[0], x, scale, saved[2], grid, (bool)ctx.get_data("relu")));
            double k = (double)ctx.get_data("k");
            return [gradX, (gradScale * scale * k).reshape(1), grid.Symmetric ? null! : (gradZero * k).reshape(1), null!, null!, null!, null!, null!];
        }
    }
}
