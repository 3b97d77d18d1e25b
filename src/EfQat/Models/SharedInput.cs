namespace EfQat.Models;

/// <summary>Passes a tensor on to several layers, the linear ones beside it: its quantized twin puts it on one grid for all of them.</summary>
public sealed class SharedInput() : nn.Module<Tensor, Tensor>(nameof(SharedInput))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => input;
}
