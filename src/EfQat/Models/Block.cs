namespace EfQat.Models;

/// <summary>A part of a network.</summary>
/// <param name="Name">For readers.</param>
/// <param name="Forward">From the output of the block before it to its own.</param>
public sealed record Block(string Name, Func<Tensor, Tensor> Forward);

/// <summary>A network that is its blocks one after another: B_n∘…∘B_1.</summary>
public interface IBlockwise
{
    /// <summary>In their order; the first takes the images, the last gives the logits.</summary>
    IReadOnlyList<Block> Blocks { get; }
}
