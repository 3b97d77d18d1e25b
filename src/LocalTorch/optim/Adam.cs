using TorchSharp.Modules;

namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>Adam (arXiv 1412.6980), as PyTorch's: weight decay joins the gradient.</summary>
    public class Adam : OptimizerHelper
    {
        private readonly Options defaults;

        public Adam(IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
            : this([new ParamGroup { Parameters = [.. parameters], Options = new Options() }], lr, beta1, beta2, eps, weight_decay, amsgrad, maximize) { }

        public Adam(IEnumerable<ParamGroup> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
        {
            defaults = new() { LearningRate = lr, beta1 = beta1, beta2 = beta2, eps = eps, weight_decay = weight_decay, amsgrad = amsgrad, maximize = maximize };
            foreach (var group in parameters) add_param_group(group);
        }

        public override void add_param_group(Modules.ParamGroup param_group)
        {
            var options = param_group.Options as Options ?? new Options { LearningRate = param_group.Options.LearningRate };
            options.LearningRate ??= defaults.LearningRate;
            options.beta1 ??= defaults.beta1;
            options.beta2 ??= defaults.beta2;
            options.eps ??= defaults.eps;
            options.weight_decay ??= defaults.weight_decay;
            options.amsgrad ??= defaults.amsgrad;
            options.maximize ??= defaults.maximize;
            options.InitialLearningRate = options.LearningRate!.Value;
            param_group.Options = options;
            _parameter_groups.Add(param_group);
        }

        protected override void Update(Parameter parameter, Tensor gradient, Modules.ParamGroup group)
        {
            var options = (Options)group.Options;
            var state = StateOf(parameter, () => new State(Zeros(parameter), Zeros(parameter), options.amsgrad == true ? Zeros(parameter) : null));
            state.step++;
            gradient = Decayed(parameter, gradient, options);
            double beta1 = options.beta1!.Value, beta2 = options.beta2!.Value;
            state.exp_avg.mul_(beta1).add_(gradient, 1 - beta1);
            state.exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
            var second = state.max_exp_avg_sq is { } largest ? largest.copy_(largest.maximum(state.exp_avg_sq)) : state.exp_avg_sq;
            var denominator = (second.sqrt() / Math.Sqrt(1 - Math.Pow(beta2, state.step))).add_(options.eps!.Value);
            parameter.addcdiv_(state.exp_avg, denominator, -group.LearningRate / (1 - Math.Pow(beta1, state.step)));
        }

        /// <summary>Where weight decay enters.</summary>
        protected virtual Tensor Decayed(Parameter parameter, Tensor gradient, Options options) =>
            options.weight_decay == 0 ? gradient : gradient.add(parameter, options.weight_decay!.Value);

        public class Options : OptimizerOptions
        {
            public double? beta1 { get; set; }
            public double? beta2 { get; set; }
            public double? eps { get; set; }
            public bool? amsgrad { get; set; }
        }

        public class ParamGroup : Modules.ParamGroup
        {
            public ParamGroup() { }

            public ParamGroup(IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
            {
                Parameters = [.. parameters];
                Options = new Options { LearningRate = lr, beta1 = beta1, beta2 = beta2, eps = eps, weight_decay = weight_decay, amsgrad = amsgrad, maximize = maximize };
            }
        }

        public class State(Tensor exp_avg, Tensor exp_avg_sq, Tensor? max_exp_avg_sq) : OptimizerState
        {
            public long step { get; set; }
            public Tensor exp_avg { get; } = exp_avg;
            public Tensor exp_avg_sq { get; } = exp_avg_sq;
            public Tensor? max_exp_avg_sq { get; } = max_exp_avg_sq;

            public override void Dispose()
            {
                exp_avg.Dispose();
                exp_avg_sq.Dispose();
                max_exp_avg_sq?.Dispose();
            }
        }
    }

    /// <summary>Adam with decoupled weight decay (arXiv 1711.05101).</summary>
    public class AdamW : Adam
    {
        public AdamW(IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
            : base(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize) { }

        public AdamW(IEnumerable<ParamGroup> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
            : base(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize) { }

        protected override Tensor Decayed(Parameter parameter, Tensor gradient, Options options)
        {
            parameter.mul_(1 - options.LearningRate!.Value * options.weight_decay!.Value);
            return gradient;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public static Adam Adam(IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            public static Adam Adam(IEnumerable<Adam.ParamGroup> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            public static AdamW AdamW(IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);
        }
    }
}
