namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>Stochastic gradient descent: b ← μ·b + (1 − τ)·g, θ ← θ − lr·b.</summary>
    public class SGD : OptimizerHelper, optim.IMomentum
    {
        public SGD(
            IEnumerable<Parameter> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0,
            bool nesterov = false, bool maximize = false) :
            this([new ParamGroup { Parameters = parameters }], lr, momentum, dampening, weight_decay, nesterov, maximize)
        {
        }

        public SGD(
            IEnumerable<ParamGroup> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0,
            bool nesterov = false, bool maximize = false)
        {
            if (lr < 0) throw new ArgumentException($"learning rate {lr} is negative", nameof(lr));
            if (momentum < 0) throw new ArgumentException($"momentum {momentum} is negative", nameof(momentum));
            if (weight_decay < 0) throw new ArgumentException($"weight decay {weight_decay} is negative", nameof(weight_decay));
            if (nesterov && (momentum == 0 || dampening != 0))
                throw new ArgumentException("Nesterov momentum needs a momentum and no dampening", nameof(nesterov));
            _defaults = ParamGroup.OptionsOf(lr, momentum, dampening, weight_decay, nesterov, maximize);
            foreach (var group in parameters) add_param_group(group);
        }

        public double Momentum
        {
            get => ((Options)_defaults).momentum!.Value;
            set
            {
                ((Options)_defaults).momentum = value;
                foreach (var group in _parameter_groups) ((ParamGroup)group).Momentum = value;
            }
        }

        public override Tensor? step(Func<Tensor>? closure = null) => _step<ParamGroup>(group =>
        {
            var options = group.Options;
            var (rate, momentum, decay) = (options.LearningRate!.Value, options.momentum!.Value, options.weight_decay!.Value);
            ForEach<State>(group, (parameter, grad, state) =>
            {
                if (options.maximize!.Value) grad = grad.neg();
                if (decay != 0) grad = grad.add(parameter, decay);
                if (momentum != 0)
                {
                    if (state.momentum_buffer is { } buffer) buffer.mul_(momentum).add_(grad, 1 - options.dampening!.Value);
                    else state.momentum_buffer = buffer = grad.clone().DetachFromDisposeScope();
                    grad = options.nesterov!.Value ? grad.add(buffer, momentum) : buffer;
                }
                parameter.add_(grad, -rate);
            });
        }, closure);

        private protected override OptimizerState NewState(Parameter parameter) => new State(parameter);

        public class Options : OptimizerOptions
        {
            public double? momentum;
            public double? dampening;
            public double? weight_decay;
            public bool? nesterov;
            public bool? maximize;

            public override void LoadStateDict(OptimizerOptions source)
            {
                base.LoadStateDict(source);
                var from = (Options)source;
                (momentum, dampening, weight_decay) = (from.momentum, from.dampening, from.weight_decay);
                (nesterov, maximize) = (from.nesterov, from.maximize);
            }

            internal override void Complete(OptimizerOptions defaults)
            {
                base.Complete(defaults);
                var from = (Options)defaults;
                momentum ??= from.momentum;
                dampening ??= from.dampening;
                weight_decay ??= from.weight_decay;
                nesterov ??= from.nesterov;
                maximize ??= from.maximize;
            }
        }

        public class State(Parameter parameter) : OptimizerState(parameter), IDisposable
        {
            /// <summary>Null before the first step.</summary>
            public Tensor? momentum_buffer;

            public override void Initialize(OptimizerOptions options) { }
            public override void LoadStateDict(OptimizerState source) => Replace(ref momentum_buffer, ((State)source).momentum_buffer);
            public override void to(Device device) => Move(ref momentum_buffer, device);

            public void Dispose() => momentum_buffer?.Dispose();
        }

        public class ParamGroup : ParamGroup<Options>, optim.IMomentum
        {
            public ParamGroup() { }

            public ParamGroup(IEnumerable<Parameter> parameters, Options options) : base(parameters, options) { }

            public ParamGroup(
                IEnumerable<Parameter> parameters, double lr = 0.001, double momentum = 0, double dampening = 0, double weight_decay = 0,
                bool nesterov = false, bool maximize = false) :
                base(parameters, OptionsOf(lr, momentum, dampening, weight_decay, nesterov, maximize))
            {
            }

            public double Momentum { get => Options.momentum!.Value; set => Options.momentum = value; }

            internal static Options OptionsOf(double lr, double momentum, double dampening, double weight_decay, bool nesterov, bool maximize) => new()
            {
                LearningRate = lr, momentum = momentum, dampening = dampening, weight_decay = weight_decay, nesterov = nesterov, maximize = maximize,
            };
        }
    }
}

namespace TorchSharp
{
    using TorchSharp.Modules;

    public static partial class torch
    {
        public static partial class optim
        {
            public static SGD SGD(
                IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0,
                bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            public static SGD SGD(
                IEnumerable<(string name, Parameter parameter)> parameters, double learningRate, double momentum = 0, double dampening = 0,
                double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                SGD(parameters.Select(pair => pair.parameter), learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            public static SGD SGD(
                IEnumerable<SGD.ParamGroup> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0,
                bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);
        }
    }
}
