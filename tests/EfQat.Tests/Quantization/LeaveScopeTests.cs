using EfQat.Models;
using EfQat.Quantization;

namespace EfQat.Tests.Quantization;

public sealed class LeaveScopeTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static (BasicBlock Block, Tensor Input) Prepared()
    {
        manual_seed(2);
        var model = ResNet.Create("resnet20", 1, 10);
        Quantize.Prepare(model, Scheme.Parse("W4A8"));
        Quantize.Calibrate(model, Scheme.Parse("W4A8"), [new(randn(2, 1, 8, 8), zeros(2, dtype: int64))]);
        return (model.modules().OfType<BasicBlock>().First(), randn(2, 16, 8, 8));
    }

    [Fact]
    public void A_blocks_result_brings_its_integers_along()
    {
        var (block, x) = Prepared();
        foreach (bool training in (bool[])[true, false])
        {
            block.train(training);
            var y = block.call(x);
            Assert.True(GridTag.Of(y)!.Dequantize().Equals(y));
        }
    }

    [Fact]
    public void Nothing_else_of_a_block_stays_alive()
    {
        var (block, x) = Prepared();
        using var off = no_grad();
        int Added(QuantizerState state)
        {
            Quantize.SetState(block, state);
            long before = TestData.LiveTensors();
            var y = block.call(x);
            return (int)(Tensor.TotalCount - before);
        }
        Assert.Equal(1, Added(QuantizerState.Off));
        Assert.Equal(4, Added(QuantizerState.On));  // with codes, scale and zero point
    }
}
