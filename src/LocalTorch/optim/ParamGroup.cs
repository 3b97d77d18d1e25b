namespace TorchSharp.Modules;

/// <summary>Settings of a group; what is null is taken from the optimizer.</summary>
public class OptimizerOptions
{
    public double? LearningRate { get; set; }
    public double InitialLearningRate { get; set; }

    /// <summary>Takes over the settings that <paramref name="source"/> has.</summary>
    public virtual void LoadStateDict(OptimizerOptions source)
    {
        LearningRate = source.LearningRate ?? LearningRate;
        InitialLearningRate = source.InitialLearningRate;
    }

    /// <summary>Fills the settings that are null.</summary>
    internal virtual void Complete(OptimizerOptions defaults)
    {
        LearningRate ??= defaults.LearningRate;
        InitialLearningRate = LearningRate!.Value;
    }
}

/// <summary>What an optimizer remembers of one parameter.</summary>
public abstract class OptimizerState(Parameter parameter)
{
    public Parameter _parameter = parameter;

    public abstract void Initialize(OptimizerOptions options);

    /// <summary>Copies the state of the same parameter of another optimizer.</summary>
    public abstract void LoadStateDict(OptimizerState source);

    public virtual void to(torch.Device device) { }

    /// <summary>Zeros like the parameter, outside every scope.</summary>
    private protected torch.Tensor Zeros()
    {
        using var off = torch.no_grad();
        return torch.zeros_like(_parameter).DetachFromDisposeScope();
    }

    /// <summary>Puts a copy of <paramref name="source"/>, on the parameter's device, in place of <paramref name="target"/>.</summary>
    private protected void Replace(ref torch.Tensor? target, torch.Tensor? source)
    {
        if (ReferenceEquals(target, source)) return;
        using var off = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var copy = source?.detach().to(_parameter.device).clone().DetachFromDisposeScope();
        target?.Dispose();
        target = copy;
    }

    private protected static void Move(ref torch.Tensor? tensor, torch.Device device)
    {
        if (tensor is null || tensor.device == device) return;
        var moved = tensor.to(device).DetachFromDisposeScope();
        tensor.Dispose();
        tensor = moved;
    }
}

/// <summary>Parameters that share their settings.</summary>
public class ParamGroup : torch.optim.ILearningRateController
{
    public IEnumerable<Parameter> Parameters { get; set; } = [];
    public OptimizerOptions Options { get; set; } = new();

    public double LearningRate
    {
        get => Options.LearningRate!.Value;
        set => Options.LearningRate = value;
    }

    public double InitialLearningRate
    {
        get => Options.InitialLearningRate;
        set => Options.InitialLearningRate = value;
    }
}

public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions, new()
{
    public ParamGroup() => Options = new TOptions();

    public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null)
    {
        Parameters = [.. parameters];
        Options = options ?? new TOptions();
    }

    public new TOptions Options
    {
        get => (TOptions)base.Options;
        set => base.Options = value;
    }
}
