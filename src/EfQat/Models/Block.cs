using EfQat.Quantization;

namespace EfQat.Models;

/// <summary>A part of a network.</summary>
/// <param name="Name">For readers.</param>
/// <param name="Forward">From the output of the block before it to its own.</param>
public sealed record Block(string Name, Func<Tensor, Tensor> Forward)
{
    /// <summary>The steps of a stage.</summary>
    internal static IEnumerable<Block> Of(string stage, nn.Module sequence) =>
        sequence.named_children().Select(child => new Block($"{stage}.{child.name}", ((nn.Module<Tensor, Tensor>)child.module).call));

    /// <summary>Runs blocks one after another; what one returns is freed when the next has read it, and only what a backward pass keeps lives on.</summary>
    internal static Tensor Run(IReadOnlyList<Block> blocks, Tensor input)
    {
        var x = blocks[0].Forward(input);
        foreach (var block in blocks.Skip(1))
        {
            var next = block.Forward(x);
            if (!ReferenceEquals(next, x)) GridTag.Free(x);
            x = next;
        }
        return x;
    }
}

/// <summary>A network that is its blocks one after another: B_n∘…∘B_1.</summary>
public interface IBlockwise
{
    /// <summary>In their order; the first takes the images, the last gives the logits.</summary>
    IReadOnlyList<Block> Blocks { get; }
}
