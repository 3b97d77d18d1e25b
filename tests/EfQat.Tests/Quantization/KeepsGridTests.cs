using EfQat.Models;
using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

public class KeepsGridTests
{
    private static Tensor OnGrid(Tensor x)
    {
        var quantizer = new FakeQuantize(Grid.Activations(4)) { State = QuantizerState.On };
        quantizer.Set(0.25, 5);
        return quantizer.call(x);
    }

    [Fact]
    public void The_shortcuts_codes_are_every_second_pixel_and_the_zero_point_around()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var x = OnGrid(randn(2, 4, 6, 6));
        byte[] codes = GridTag.Of(x)!.Codes.data<byte>().ToArray();
        var y = new KeepsGrid(new OptionAShortcut(2, 4)).call(x);
        byte[] found = GridTag.Of(y)!.Codes.contiguous().data<byte>().ToArray();
        Assert.Equal([2, 8, 3, 3], y.shape);
        for (int i = 0; i < found.Length; i++)
        {
            int image = i / 72, channel = i / 9 % 8 - 2, row = i / 3 % 3, column = i % 3;
            Assert.Equal(channel is < 0 or > 3 ? 5 : codes[((image * 4 + channel) * 6 + 2 * row) * 6 + 2 * column], found[i]);
        }
        Assert.True(GridTag.Of(y)!.Dequantize().Equals(y));
    }

    [Fact]
    public void Max_pooling_and_flattening_keep_the_grid_and_average_pooling_leaves_it()
    {
        using var scope = NewDisposeScope();
        var x = OnGrid(randn(2, 4, 6, 6));
        foreach (var module in (nn.Module<Tensor, Tensor>[])[nn.MaxPool2d(3, 2, 1), nn.Flatten()])
        {
            var y = new KeepsGrid(module).call(x);
            Assert.True(y.Equals(module.call(x)));
            Assert.True(GridTag.Of(y)!.Dequantize().Equals(y));
        }
        Assert.Null(GridTag.Of(nn.AdaptiveAvgPool2d(1).call(x)));
        Assert.Null(GridTag.Of(new KeepsGrid(nn.Flatten()).call(randn(2, 3))));
    }

    [Fact]
    public void Neither_operand_of_a_ResNets_addition_is_quantized_twice()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        using var model = ResNet.Create("resnet20", 1, 10);
        var scheme = Scheme.Parse("W4A4");
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [new(randn(4, 1, 16, 16), zeros(4, dtype: int64))]);
        model.call(randn(2, 1, 16, 16)).sum().backward();
        string[] used = [.. model.named_parameters().Where(pair => pair.name.EndsWith("log_scale") && pair.parameter.grad is not null).Select(pair => pair.name)];
        Assert.Equal(9, used.Count(name => name.EndsWith("add.left.log_scale")));
        Assert.DoesNotContain(used, name => name.EndsWith("add.right.log_scale"));
    }
}
