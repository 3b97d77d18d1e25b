using EfQat.Models;
using TorchSharp.Modules;

namespace EfQat.Distillation;

/// <summary>The full-precision network that guides a quantized one: its weights and statistics never move, gradients only pass through it.</summary>
public sealed class Partner
{
    private readonly nn.Module<Tensor, Tensor> network;

    /// <param name="network">Trained; its parameters no longer ask for gradients.</param>
    /// <exception cref="UserError">It does not show its blocks.</exception>
    public Partner(nn.Module<Tensor, Tensor> network)
    {
        this.network = network;
        Blocks = BlocksOf(network);
        foreach (var parameter in network.parameters()) parameter.requires_grad = false;
        foreach (var norm in network.modules().OfType<BatchNorm2d>()) norm.momentum = 0;  // its statistics stay, even in training mode
        network.eval();
    }

    /// <summary>F_1…F_n.</summary>
    public IReadOnlyList<Block> Blocks { get; }

    /// <summary>The blocks of a network.</summary>
    /// <exception cref="UserError">It does not show them.</exception>
    public static IReadOnlyList<Block> BlocksOf(nn.Module network) => (network as IBlockwise)?.Blocks
        ?? throw new UserError($"{network.GetName()}: block replacement needs a network that implements IBlockwise, such as ResNet");

    /// <summary>The logits, without a graph.</summary>
    public Tensor Logits(Tensor images) => Outputs(images, [Blocks.Count])[Blocks.Count];

    /// <summary>The outputs of some blocks, without a graph; those of the others are freed when the next block has read them.</summary>
    /// <param name="images">// [N, C, H, W]</param>
    /// <param name="after">Numbers of blocks from 1 on; 0 is for the images.</param>
    /// <returns>By the number of the block.</returns>
    public IReadOnlyDictionary<int, Tensor> Outputs(Tensor images, IEnumerable<int> after)
    {
        using var off = no_grad();
        var outputs = after.Distinct().ToDictionary(k => k, _ => images);
        int last = outputs.Keys.Max();
        var x = images;
        for (int k = 1; k <= last; k++)
        {
            var next = Blocks[k - 1].Forward(x);
            if (!outputs.ContainsKey(k - 1) && !ReferenceEquals(x, images) && !ReferenceEquals(x, next)) x.Dispose();
            if (outputs.ContainsKey(k)) outputs[k] = next;
            x = next;
        }
        return outputs;
    }

    /// <summary>F_n∘…∘F_{k+1}.</summary>
    /// <param name="k">Blocks to leave out.</param>
    /// <param name="x">What comes from block k.</param>
    /// <param name="batchStatistics">Whether BatchNorm normalizes with the batch's statistics, not with its own.</param>
    public Tensor Suffix(int k, Tensor x, bool batchStatistics = false)
    {
        network.train(batchStatistics);
        var logits = Blocks.Skip(k).Aggregate(x, (h, block) => block.Forward(h));
        network.eval();
        return logits;
    }
}
