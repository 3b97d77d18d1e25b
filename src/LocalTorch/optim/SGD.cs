using TorchSharp.Modules;

namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>Stochastic gradient descent with momentum, as PyTorch's.</summary>
    public class SGD : OptimizerHelper
    {
        private readonly Options defaults;

        public SGD(IEnumerable<Parameter> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
            : this([new ParamGroup { Parameters = [.. parameters], Options = new Options() }], lr, momentum, dampening, weight_decay, nesterov, maximize) { }

        public SGD(IEnumerable<ParamGroup> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
        {
            defaults = new() { LearningRate = lr, momentum = momentum, dampening = dampening, weight_decay = weight_decay, nesterov = nesterov, maximize = maximize };
            foreach (var group in parameters) add_param_group(group);
        }

        public override void add_param_group(Modules.ParamGroup param_group)
        {
            var options = param_group.Options as Options ?? new Options { LearningRate = param_group.Options.LearningRate };
            options.LearningRate ??= defaults.LearningRate;
            options.momentum ??= defaults.momentum;
            options.dampening ??= defaults.dampening;
            options.weight_decay ??= defaults.weight_decay;
            options.nesterov ??= defaults.nesterov;
            options.maximize ??= defaults.maximize;
            options.InitialLearningRate = options.LearningRate!.Value;
            param_group.Options = options;
            _parameter_groups.Add(param_group);
        }

        protected override void Update(Parameter parameter, Tensor gradient, Modules.ParamGroup group)
        {
            var options = (Options)group.Options;
            double momentum = options.momentum!.Value;
            if (options.weight_decay != 0) gradient = gradient.add(parameter, options.weight_decay!.Value);
            if (momentum != 0)
            {
                bool first = !_state.ContainsKey(parameter);
                var state = StateOf(parameter, () => new State(Zeros(parameter)));
                if (first) state.momentum_buffer.copy_(gradient);
                else state.momentum_buffer.mul_(momentum).add_(gradient, 1 - options.dampening!.Value);
                gradient = options.nesterov == true ? gradient.add(state.momentum_buffer, momentum) : state.momentum_buffer;
            }
            parameter.add_(gradient, -group.LearningRate);
        }

        public class Options : OptimizerOptions
        {
            public double? momentum { get; set; }
            public double? dampening { get; set; }
            public bool? nesterov { get; set; }
        }

        public class ParamGroup : Modules.ParamGroup
        {
            public ParamGroup() { }

            public ParamGroup(IEnumerable<Parameter> parameters, double lr = 0.001, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
            {
                Parameters = [.. parameters];
                Options = new Options { LearningRate = lr, momentum = momentum, dampening = dampening, weight_decay = weight_decay, nesterov = nesterov, maximize = maximize };
            }
        }

        public class State(Tensor momentum_buffer) : OptimizerState
        {
            public Tensor momentum_buffer { get; } = momentum_buffer;
            public override void Dispose() => momentum_buffer.Dispose();
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public static SGD SGD(IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            public static SGD SGD(IEnumerable<SGD.ParamGroup> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);
        }
    }
}
