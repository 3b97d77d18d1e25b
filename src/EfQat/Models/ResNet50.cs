using EfQat.Quantization;
using EfQat.Weights;
using TorchSharp.Modules;

namespace EfQat.Models;

/// <summary>
/// ResNet-50 for ImageNet (arXiv 1512.03385, table 1) with torchvision's layout and names, so that its weights load by name: bottlenecks have
/// their stride in the 3×3 convolution, and shortcuts that change the shape are a convolution and a normalization.
/// </summary>
public sealed class ResNet50 : nn.Module<Tensor, Tensor>, IBlockwise
{
    private readonly nn.Module<Tensor, Tensor> conv1, bn1, relu, maxpool, layer1, layer2, layer3, layer4, avgpool, flatten, fc;

    /// <param name="classes">ImageNet's are 1000.</param>
    public ResNet50(long classes = 1000) : base("resnet50")
    {
        conv1 = nn.Conv2d(3, 64, 7, stride: 2, padding: 3, bias: false);
        bn1 = nn.BatchNorm2d(64);
        relu = nn.ReLU();
        maxpool = nn.MaxPool2d(3, stride: 2, padding: 1);
        layer1 = Stage(3, 64, 64, stride: 1);
        layer2 = Stage(4, 256, 128, stride: 2);
        layer3 = Stage(6, 512, 256, stride: 2);
        layer4 = Stage(3, 1024, 512, stride: 2);
        avgpool = nn.AdaptiveAvgPool2d(1);
        flatten = nn.Flatten();
        fc = nn.Linear(4 * 512, classes);
        RegisterComponents();
        apply(module =>
        {
            if (module is Conv2d conv) nn.init.kaiming_normal_(conv.weight!, mode: nn.init.FanInOut.FanOut);
        });
    }

    /// <summary>Copies a file with torchvision's names into the model.</summary>
    /// <exception cref="UserError">The file is unreadable, or its names and shapes are not this model's.</exception>
    public void LoadWeights(string path) => WeightFile.Load(this, path);

    /// <inheritdoc/>
    public IReadOnlyList<Block> Blocks =>
    [
        new("stem", Stem),                                              // [N, 64, H/4, W/4]
        .. Block.Of("layer1", layer1), .. Block.Of("layer2", layer2), .. Block.Of("layer3", layer3), .. Block.Of("layer4", layer4),
        new("head", x => fc.call(flatten.call(avgpool.call(x)))),         // [N, 2048, H/32, W/32] to [N, classes]
    ];

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => Block.Run(Blocks, input);

    private Tensor Stem(Tensor input)
    {
        using var scope = NewDisposeScope();
        return maxpool.call(relu.call(bn1.call(conv1.call(input)))).LeaveScope();
    }

    private static Sequential Stage(int blocks, long inChannels, long width, long stride) =>
        nn.Sequential([.. Enumerable.Range(0, blocks).Select(i =>
            (nn.Module<Tensor, Tensor>)new Bottleneck(i == 0 ? inChannels : 4 * width, width, i == 0 ? stride : 1))]);
}

/// <summary>Three convolutions, of which the middle one is narrow and 3×3, with a shortcut around them.</summary>
internal sealed class Bottleneck : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> conv1, bn1, relu1, conv2, bn2, relu2, conv3, bn3, relu3;
    private readonly nn.Module<Tensor, Tensor, Tensor> add;
    private readonly nn.Module<Tensor, Tensor>? downsample;

    public Bottleneck(long inChannels, long width, long stride) : base(nameof(Bottleneck))
    {
        long channels = 4 * width;
        conv1 = nn.Conv2d(inChannels, width, 1, bias: false);
        bn1 = nn.BatchNorm2d(width);
        relu1 = nn.ReLU();
        conv2 = nn.Conv2d(width, width, 3, stride, padding: 1, bias: false);
        bn2 = nn.BatchNorm2d(width);
        relu2 = nn.ReLU();
        conv3 = nn.Conv2d(width, channels, 1, bias: false);
        bn3 = nn.BatchNorm2d(channels);
        add = new ResidualAdd();
        relu3 = nn.ReLU();
        if (inChannels != channels) downsample = nn.Sequential(nn.Conv2d(inChannels, channels, 1, stride, bias: false), nn.BatchNorm2d(channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = relu1.call(bn1.call(conv1.call(input)));
        x = relu2.call(bn2.call(conv2.call(x)));
        x = bn3.call(conv3.call(x));
        return relu3.call(add.call(x, downsample?.call(input) ?? input)).LeaveScope();
    }
}
