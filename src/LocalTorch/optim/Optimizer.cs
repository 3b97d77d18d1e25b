using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            /// <summary>Whatever has a learning rate that a schedule may change.</summary>
            public interface ILearningRateController
            {
                double LearningRate { get; set; }
                double InitialLearningRate { get; set; }
            }

            /// <summary>Updates parameters from their gradients, in groups with options of their own.</summary>
            public abstract class Optimizer : IDisposable
            {
                public IList<ParamGroup> _parameter_groups { get; } = [];

                public IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;

                public virtual IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(group => group.Parameters);

                public virtual void zero_grad()
                {
                    foreach (var parameter in parameters()) parameter.grad = null;
                }

                /// <summary>One update; the closure, where given, computes the loss anew first.</summary>
                public abstract Tensor? step(Func<Tensor>? closure = null);

                public abstract void add_param_group(ParamGroup param_group);

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing) { }
            }
        }
    }
}

namespace TorchSharp.Modules
{
    using static torch;

    public class OptimizerOptions
    {
        public double? LearningRate { get; set; }
        public double InitialLearningRate { get; set; }
        public double? weight_decay { get; set; }
        public bool? maximize { get; set; }
    }

    public class ParamGroup : optim.ILearningRateController
    {
        public IEnumerable<Parameter> Parameters { get; set; } = [];
        public OptimizerOptions Options { get; set; } = new();
        public double LearningRate { get => Options.LearningRate!.Value; set => Options.LearningRate = value; }
        public double InitialLearningRate { get => Options.InitialLearningRate; set => Options.InitialLearningRate = value; }
    }

    /// <summary>What an optimizer remembers of one parameter.</summary>
    public abstract class OptimizerState : IDisposable
    {
        public abstract void Dispose();
    }

    /// <summary>Groups, states and the frame of a step, for every optimizer here.</summary>
    public abstract class OptimizerHelper : optim.Optimizer
    {
        protected internal Dictionary<Parameter, OptimizerState> _state { get; } = new(ReferenceEqualityComparer.Instance);

        public override Tensor? step(Func<Tensor>? closure = null)
        {
            Tensor? loss = null;
            if (closure is not null)
                using (enable_grad()) loss = closure();
            using var off = no_grad();
            using var scope = NewDisposeScope();
            foreach (var group in _parameter_groups)
            {
                foreach (var parameter in group.Parameters)
                {
                    if (parameter.grad is not { } gradient) continue;
                    Update(parameter, group.Options.maximize == true ? gradient.neg() : gradient, group);
                }
            }
            return loss;
        }

        /// <summary>The published rule, for one parameter.</summary>
        protected abstract void Update(Parameter parameter, Tensor gradient, ParamGroup group);

        protected T StateOf<T>(Parameter parameter, Func<T> create) where T : OptimizerState
        {
            if (!_state.TryGetValue(parameter, out var state)) _state[parameter] = state = create();
            return (T)state;
        }

        protected override void Dispose(bool disposing)
        {
            foreach (var state in _state.Values) state.Dispose();
            _state.Clear();
        }

        /// <summary>Zeros of the parameter's shape that outlive the step.</summary>
        protected static Tensor Zeros(Parameter parameter) => zeros_like(parameter.detach()).DetachFromDisposeScope();
    }
}
