namespace TorchSharp.Modules;

/// <summary>A tensor that a module owns and an optimizer updates.</summary>
public class Parameter : torch.Tensor
{
    /// <summary>Takes the data over: <paramref name="data"/> is invalid afterwards.</summary>
    public Parameter(torch.Tensor data, bool requires_grad = true) : base(data.DecoupleFromNativeHandle()) => this.requires_grad = requires_grad;
}
