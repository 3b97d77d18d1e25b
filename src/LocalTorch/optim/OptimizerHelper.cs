namespace TorchSharp.Modules;

using static torch;

/// <summary>What all optimizers share: groups, states by parameter, and the frame of a step.</summary>
public abstract class OptimizerHelper : optim.Optimizer
{
    public OptimizerOptions _defaults = new();

    /// <summary>By the parameter's handle.</summary>
    internal Dictionary<IntPtr, OptimizerState> _state = [];

    /// <summary>Accumulated gradients become zero.</summary>
    public override void zero_grad()
    {
        using var off = no_grad();
        foreach (var parameter in parameters())
        {
            using var grad = parameter.grad;
            grad?.zero_();
        }
    }

    public override void add_param_group(ParamGroup param_group)
    {
        Parameter[] added = [.. param_group.Parameters];
        if (added.Distinct().Count() != added.Length || added.Intersect(parameters()).Any())
            throw new ArgumentException("a parameter appears in the optimizer twice; give each to one group", nameof(param_group));
        param_group.Parameters = added;
        param_group.Options.Complete(_defaults);
        _parameter_groups.Add(param_group);
        foreach (var parameter in added)
        {
            var state = _state[parameter.Handle] = NewState(parameter);
            state.Initialize(param_group.Options);
        }
    }

    /// <summary>The optimizer's own options and states, not copies.</summary>
    public virtual StateDictionary state_dict()
    {
        var dictionary = new StateDictionary();
        foreach (var group in _parameter_groups)
        {
            dictionary.Options.Add(group.Options);
            List<int> indices = [];
            foreach (var parameter in group.Parameters)
            {
                indices.Add(dictionary.State.Count);
                dictionary.State.Add(_state[parameter.Handle]);
            }
            dictionary.StateIndexRef.Add(indices);
        }
        return dictionary;
    }

    /// <summary>Copies options and states of an optimizer of the same kind over groups of the same sizes.</summary>
    public virtual void load_state_dict(StateDictionary state_dict)
    {
        var own = this.state_dict();
        var sizes = own.StateIndexRef.Select(group => group.Count);
        if (!sizes.SequenceEqual(state_dict.StateIndexRef.Select(group => group.Count)))
            throw new ArgumentException(
                $"the state has groups of [{string.Join(", ", state_dict.StateIndexRef.Select(group => group.Count))}] parameters, the optimizer of [{string.Join(", ", sizes)}]",
                nameof(state_dict));
        for (int g = 0; g < own.Options.Count; g++)
        {
            own.Options[g].LoadStateDict(state_dict.Options[g]);
            foreach (var (mine, theirs) in own.StateIndexRef[g].Zip(state_dict.StateIndexRef[g]))
                own.State[mine].LoadStateDict(state_dict.State[theirs]);
        }
    }

    public void to(Device device)
    {
        foreach (var state in _state.Values) state.to(device);
    }

    private protected abstract OptimizerState NewState(Parameter parameter);

    /// <summary>Runs <paramref name="body"/> for every group without recording and without leaving tensors behind.</summary>
    protected Tensor? _step<T>(Action<T> body, Func<Tensor>? loss_closure = null) where T : ParamGroup
    {
        Tensor? loss = null;
        if (loss_closure is not null)
        {
            using var on = enable_grad();
            loss = loss_closure();
        }
        using var off = no_grad();
        foreach (var group in _parameter_groups)
            body((T)group);
        return loss;
    }

    /// <summary>Each parameter that has a gradient, with its gradient and its state, in a scope of its own.</summary>
    private protected void ForEach<TState>(ParamGroup group, Action<Tensor, Tensor, TState> update) where TState : OptimizerState
    {
        foreach (var parameter in group.Parameters)
        {
            using var scope = NewDisposeScope();
            if (parameter.grad is { } grad)
                update(parameter, grad, (TState)_state[parameter.Handle]);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (var state in _state.Values.OfType<IDisposable>()) state.Dispose();
        _state.Clear();
    }
}
