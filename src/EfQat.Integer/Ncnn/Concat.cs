namespace EfQat.Integer.Ncnn;

/// <summary>The channels of several pictures one after another.</summary>
public sealed class Concat() : nn.Module<Tensor[], Tensor>(nameof(Concat))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor[] inputs) => cat(inputs, dim: 1);
}
