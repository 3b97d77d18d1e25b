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

    /// <summary>The output of every block, images first, without a graph.</summary>
    public Tensor[] Outputs(Tensor images)
    {
        using var off = no_grad();
        Tensor[] outputs = [images, .. Blocks.Select(_ => images)];
        for (int i = 0; i < Blocks.Count; i++) outputs[i + 1] = Blocks[i].Forward(outputs[i]);
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
