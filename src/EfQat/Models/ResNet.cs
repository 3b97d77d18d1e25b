using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Models;

/// <summary>
/// The CIFAR form of ResNet (arXiv 1512.03385, §4.2): a 3×3 convolution, three stages of n blocks with 16, 32 and 64 channels, a global
/// mean and a linear layer; 6n + 2 layers. Every ReLU and addition is a module of its own, so that a quantized twin can take its place.
/// </summary>
public sealed class ResNet : nn.Module<Tensor, Tensor>, IBlockwise
{
    private readonly nn.Module<Tensor, Tensor> conv1, bn1, relu1, layer1, layer2, layer3, pool, flatten, linear;

    private ResNet(string name, int blocks, long inChannels, long classes) : base(name)
    {
        conv1 = nn.Conv2d(inChannels, 16, 3, padding: 1, bias: false);
        bn1 = nn.BatchNorm2d(16);
        relu1 = nn.ReLU();
        layer1 = Stage(blocks, 16, 16, stride: 1);
        layer2 = Stage(blocks, 16, 32, stride: 2);
        layer3 = Stage(blocks, 32, 64, stride: 2);
        pool = nn.AdaptiveAvgPool2d(1);
        flatten = nn.Flatten();
        linear = nn.Linear(64, classes);
        RegisterComponents();
        apply(module =>
        {
            if (module is Conv2d conv) nn.init.kaiming_normal_(conv.weight!);
        });
    }

    /// <summary>resnet20, resnet32, resnet44 or resnet56.</summary>
    /// <exception cref="UserError">There is no such model.</exception>
    public static ResNet Create(string name, long inChannels, long classes) => name switch
    {
        "resnet20" => new(name, 3, inChannels, classes),
        "resnet32" => new(name, 5, inChannels, classes),
        "resnet44" => new(name, 7, inChannels, classes),
        "resnet56" => new(name, 9, inChannels, classes),
        _ => throw new UserError($"model '{name}': there is no such model; use resnet20, resnet32, resnet44 or resnet56"),
    };

    /// <inheritdoc/>
    public IReadOnlyList<Block> Blocks =>
    [
        new("stem", Stem),                                     // [N, 16, H, W]
        .. Block.Of("layer1", layer1), .. Block.Of("layer2", layer2), .. Block.Of("layer3", layer3),
        new("head", x => linear.call(flatten.call(pool.call(x)))), // [N, 64, H/4, W/4] to [N, classes]
    ];

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => Block.Run(Blocks, input);

    private Tensor Stem(Tensor input)
    {
        using var scope = NewDisposeScope();
        return relu1.call(bn1.call(conv1.call(input))).LeaveScope();
    }

    private static Sequential Stage(int blocks, long inChannels, long channels, long stride) =>
        nn.Sequential([.. Enumerable.Range(0, blocks).Select(i =>
            (nn.Module<Tensor, Tensor>)new BasicBlock(i == 0 ? inChannels : channels, channels, i == 0 ? stride : 1))]);
}

/// <summary>Two convolutions with a shortcut around them.</summary>
public sealed class BasicBlock : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> conv1, bn1, relu1, conv2, bn2, relu2;
    private readonly nn.Module<Tensor, Tensor, Tensor> add;
    private readonly nn.Module<Tensor, Tensor>? shortcut;

    internal BasicBlock(long inChannels, long channels, long stride) : base(nameof(BasicBlock))
    {
        conv1 = nn.Conv2d(inChannels, channels, 3, stride, padding: 1, bias: false);
        bn1 = nn.BatchNorm2d(channels);
        relu1 = nn.ReLU();
        conv2 = nn.Conv2d(channels, channels, 3, padding: 1, bias: false);
        bn2 = nn.BatchNorm2d(channels);
        add = new ResidualAdd();
        relu2 = nn.ReLU();
        if (stride != 1 || inChannels != channels) shortcut = new OptionAShortcut(stride, channels - inChannels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = relu1.call(bn1.call(conv1.call(input)));
        x = bn2.call(conv2.call(x));
        return relu2.call(add.call(x, shortcut?.call(input) ?? input)).LeaveScope();
    }
}

/// <summary>x + y, as a module, so that a quantized twin can take its place.</summary>
public sealed class ResidualAdd() : nn.Module<Tensor, Tensor, Tensor>(nameof(ResidualAdd))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input1, Tensor input2) => input1 + input2;
}

/// <summary>The parameter-free shortcut: every stride-th pixel, new channels of zeros on both sides (option A of the paper).</summary>
public sealed class OptionAShortcut(long stride, long newChannels) : nn.Module<Tensor, Tensor>(nameof(OptionAShortcut))
{
    /// <summary>In both directions.</summary>
    public long Stride => stride;

    /// <summary>On both sides together; of an odd number one more behind.</summary>
    public long NewChannels => newChannels;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => Function.apply(input, stride, newChannels);

    // libtorch's own backward would leave channels-last, and every gradient after it would have to be put in order again.
    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(OptionAShortcut);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (input, stride, newChannels) = ((Tensor)vars[0], (long)vars[1], (long)vars[2]);
            ctx.save_data("shape", (input.shape, stride, newChannels));
            return nn.functional.pad(Pixels(input, stride), [0, 0, 0, 0, newChannels / 2, newChannels - newChannels / 2]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var (shape, stride, newChannels) = ((long[], long, long))ctx.get_data("shape");
            var gradient = zeros([shape[0], shape[2], shape[3], shape[1]], device: grad_output.device).permute(0, 3, 1, 2);
            Pixels(gradient, stride).copy_(grad_output.narrow(1, newChannels / 2, shape[1]));
            return [gradient, null!, null!];
        }

        private static Tensor Pixels(Tensor images, long stride) =>
            images[TensorIndex.Ellipsis, TensorIndex.Slice(step: stride), TensorIndex.Slice(step: stride)];
    }
}
