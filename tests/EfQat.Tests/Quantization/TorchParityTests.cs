using EfQat.Quantization;
using LocalTorch.Tests;

namespace EfQat.Tests.Quantization;

/// <summary>
/// PyTorch's own fake-quantize operators as oracles. Its learnable one multiplies the gradients of scale and zero point by a factor that
/// the caller gives: with k = 1/√(n·qmax) they are ours, of which the logarithm of the scale takes s times the scale's.
/// </summary>
public class TorchParityTests
{
    private static string Text(float[] values) => $"torch.tensor([{string.Join(", ", values.Select(value => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}])";

    private static float[] Values(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    [SkippableTheory, InlineData(2), InlineData(4), InlineData(8)]
    public void Weights_are_those_of_fake_quantize_per_channel_affine(int bits)
    {
        using var scope = NewDisposeScope();
        manual_seed(bits);
        var grid = Grid.Weights(bits);
        var w = randn(4, 9).requires_grad_();
        var log = (rand(4) - 1).requires_grad_();
        var y = FakeQuantizeRows.Apply(w, log, grid);
        y.sum().backward();
        var torch = PyTorch.Run($"""
            w = {Text(Values(w))}.reshape(4, 9).requires_grad_()
            y = torch.fake_quantize_per_channel_affine(w, {Text(Values(log.exp()))}, torch.zeros(4, dtype=torch.int32), 0, {grid.QMin}, {grid.QMax})
            y.sum().backward()
            print(json.dumps([y.flatten().tolist(), w.grad.flatten().tolist()]))
            """);
        Assert.Equal(torch[0].Floats(), Values(y));
        Assert.Equal(torch[1].Floats(), Values(w.grad!));
    }

    [SkippableTheory, InlineData(2, 1), InlineData(4, 5), InlineData(8, 100)]
    public void Activations_and_their_gradients_are_those_of_fake_quantize_learnable_per_tensor_affine(int bits, int zero)
    {
        using var scope = NewDisposeScope();
        manual_seed(bits);
        var grid = Grid.Activations(bits);
        var x = (randn(3, 40) * 2).requires_grad_();
        var g = randn(3, 40);
        var quantizer = new FakeQuantize(grid) { State = QuantizerState.On };
        quantizer.Set(5.0 / grid.QMax, zero);
        double scale = quantizer.Scale;
        var y = quantizer.call(x);
        y.backward([g]);
        var torch = PyTorch.Run($"""
            x = {Text(Values(x))}.reshape(3, 40).requires_grad_()
            s, z = {Text([(float)scale])}.requires_grad_(), torch.tensor([{zero}.0], requires_grad=True)
            y = torch._fake_quantize_learnable_per_tensor_affine(x, s, z, {grid.QMin}, {grid.QMax}, (40 * {grid.QMax}) ** -0.5)
            y.backward({Text(Values(g))}.reshape(3, 40))
            print(json.dumps([y.flatten().tolist(), x.grad.flatten().tolist(), s.grad.item(), z.grad.item()]))
            """);
        Assert.All(torch[0].Floats().Zip(Values(y)), pair => Assert.Equal(pair.First, pair.Second, 1e-6 * Math.Abs(pair.First)));
        Assert.Equal(torch[1].Floats(), Values(x.grad!));
        float found = quantizer.get_parameter("log_scale")!.grad!.item<float>(), expected = torch[2].GetSingle() * (float)scale;
        Assert.Equal(expected, found, 1e-4 * (1 + Math.Abs(expected)));
        Assert.Equal(torch[3].GetDouble(), quantizer.get_parameter("zero_point")!.grad!.item<float>(), 1e-5);
    }
}
