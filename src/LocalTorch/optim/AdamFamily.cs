namespace TorchSharp.Modules;

using static torch;

/// <summary>The settings that Adam and AdamW share.</summary>
public abstract class AdamOptions : OptimizerOptions
{
    public double? beta1;
    public double? beta2;
    public double? eps;
    public double? weight_decay;
    public bool? amsgrad;
    public bool? maximize;

    public override void LoadStateDict(OptimizerOptions source)
    {
        base.LoadStateDict(source);
        var from = (AdamOptions)source;
        (beta1, beta2, eps, weight_decay) = (from.beta1, from.beta2, from.eps, from.weight_decay);
        (amsgrad, maximize) = (from.amsgrad, from.maximize);
    }

    internal override void Complete(OptimizerOptions defaults)
    {
        base.Complete(defaults);
        var from = (AdamOptions)defaults;
        beta1 ??= from.beta1;
        beta2 ??= from.beta2;
        eps ??= from.eps;
        weight_decay ??= from.weight_decay;
        amsgrad ??= from.amsgrad;
        maximize ??= from.maximize;
    }

    internal static T Of<T>(double lr, double beta1, double beta2, double eps, double weight_decay, bool amsgrad, bool maximize)
        where T : AdamOptions, new() => new()
    {
        LearningRate = lr, beta1 = beta1, beta2 = beta2, eps = eps, weight_decay = weight_decay, amsgrad = amsgrad, maximize = maximize,
    };
}

/// <summary>Running means of the gradient and of its square.</summary>
public abstract class AdamState(Parameter parameter) : OptimizerState(parameter), IDisposable
{
    public long step;
    public Tensor? exp_avg;
    public Tensor? exp_avg_sq;

    /// <summary>AMSGrad only.</summary>
    public Tensor? max_exp_avg_sq;

    public override void Initialize(OptimizerOptions options)
    {
        step = 0;
        exp_avg = Zeros();
        exp_avg_sq = Zeros();
        if (((AdamOptions)options).amsgrad == true) max_exp_avg_sq = Zeros();
    }

    public override void LoadStateDict(OptimizerState source)
    {
        var from = (AdamState)source;
        step = from.step;
        Replace(ref exp_avg, from.exp_avg);
        Replace(ref exp_avg_sq, from.exp_avg_sq);
        Replace(ref max_exp_avg_sq, from.max_exp_avg_sq);
    }

    public override void to(Device device)
    {
        Move(ref exp_avg, device);
        Move(ref exp_avg_sq, device);
        Move(ref max_exp_avg_sq, device);
    }

    public void Dispose()
    {
        exp_avg?.Dispose();
        exp_avg_sq?.Dispose();
        max_exp_avg_sq?.Dispose();
    }
}

/// <summary>A group of Adam or AdamW.</summary>
public abstract class AdamGroup<TOptions> : ParamGroup<TOptions>, optim.IBetas where TOptions : AdamOptions, new()
{
    protected AdamGroup() { }

    protected AdamGroup(IEnumerable<Parameter> parameters, TOptions options) : base(parameters, options) { }

    public (double, double) Betas
    {
        get => (Options.beta1!.Value, Options.beta2!.Value);
        set => (Options.beta1, Options.beta2) = value;
    }
}

/// <summary>m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − lr·m̂ / (√v̂ + ε); they differ in the weight decay.</summary>
public abstract class AdamFamily<TOptions> : OptimizerHelper, optim.IBetas where TOptions : AdamOptions, new()
{
    private readonly bool decoupled;

    private protected AdamFamily(TOptions defaults, IEnumerable<AdamGroup<TOptions>> groups, bool decoupled)
    {
        if (defaults.LearningRate < 0) throw new ArgumentException($"learning rate {defaults.LearningRate} is negative", "lr");
        if (defaults.beta1 is < 0 or >= 1) throw new ArgumentException($"beta1 {defaults.beta1} is outside [0, 1)", "beta1");
        if (defaults.beta2 is < 0 or >= 1) throw new ArgumentException($"beta2 {defaults.beta2} is outside [0, 1)", "beta2");
        this.decoupled = decoupled;
        _defaults = defaults;
        foreach (var group in groups) add_param_group(group);
    }

    public (double, double) Betas
    {
        get => (((TOptions)_defaults).beta1!.Value, ((TOptions)_defaults).beta2!.Value);
        set
        {
            (((TOptions)_defaults).beta1, ((TOptions)_defaults).beta2) = value;
            foreach (var group in _parameter_groups) ((AdamGroup<TOptions>)group).Betas = value;
        }
    }

    public override Tensor? step(Func<Tensor>? closure = null) => _step<AdamGroup<TOptions>>(group =>
    {
        var options = group.Options;
        var (rate, decay, eps) = (options.LearningRate!.Value, options.weight_decay!.Value, options.eps!.Value);
        var (beta1, beta2) = group.Betas;
        ForEach<AdamState>(group, (parameter, grad, state) =>
        {
            state.step++;
            if (options.maximize!.Value) grad = grad.neg();
            if (decay != 0 && decoupled) parameter.mul_(1 - rate * decay);
            else if (decay != 0) grad = grad.add(parameter, decay);

            var mean = state.exp_avg!.mul_(beta1).add_(grad, 1 - beta1);
            var square = state.exp_avg_sq!.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
            if (options.amsgrad!.Value)
                square = state.max_exp_avg_sq!.copy_(state.max_exp_avg_sq!.maximum(square));
            double unbias1 = 1 - Math.Pow(beta1, state.step), unbias2 = 1 - Math.Pow(beta2, state.step);
            var denominator = square.sqrt().div_(Math.Sqrt(unbias2)).add_(eps);
            parameter.addcdiv_(mean, denominator, -rate / unbias1);
        });
    }, closure);
}
