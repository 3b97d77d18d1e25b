#if LOCAL_TORCH
using EfQat.Backward;
using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Training;

public sealed class StepMemoryTests : IDisposable
{
    private const long Images = 4;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        Kernels.UseFused = Kernels.SaveCodes = true;
        scope.Dispose();
    }

    private static Batch Pictures(long images)
    {
        manual_seed(1);
        return new(randn(images, 1, 32, 32), randint(10, [images]));
    }

    private static (ResNet Model, EfQatUpdate Rule) Network(EfQatOptions options, Batch batch)
    {
        manual_seed(2);
        var model = ResNet.Create("resnet20", 1, 10);
        var scheme = Scheme.Parse("W4A8");
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, [batch]);
        return (model, new(model, options));
    }

    private static StepMemory Measure(EfQatOptions options, Batch batch) => StepMemory.Measure(() => Network(options, batch), batch);

    // Values of an image, by hand: conv1, then 7, 6 and 6 convolutions' outputs, of which the last of each block goes into the sum.
    private const long Stage1 = 16 * 32 * 32, Stage2 = 32 * 16 * 16, Stage3 = 64 * 8 * 8, Image = 32 * 32, Pooled = 64;
    private const long ConvOutputs = 7 * Stage1 + 6 * Stage2 + 6 * Stage3, Sums = 3 * (Stage1 + Stage2 + Stage3);
    private const long ConvInputs = Image + 7 * Stage1 + 6 * Stage2 + 5 * Stage3;

    [Fact]
    public void QAT_keeps_a_byte_of_a_convolutions_input_and_four_of_what_is_normalized_or_quantized_alone()
    {
        var saved = Measure(new(Ratio: 1), Pictures(Images)).Saved;
        long weights = 16 * 9 + 6 * 16 * 16 * 9 + 32 * 16 * 9 + 5 * 32 * 32 * 9 + 64 * 32 * 9 + 5 * 64 * 64 * 9 + 640;
        Assert.Equal(
            new SavedBytes(Images * ConvInputs, 4 * Images * Pooled, 4 * Images * ConvOutputs, 4 * Images * (Sums + Image + Pooled), 4 * weights), saved);
    }

    [Fact]
    public void Without_codes_and_fused_passes_every_input_is_kept_as_floats()
    {
        Kernels.UseFused = Kernels.SaveCodes = false;
        var saved = Measure(new(Ratio: 1), Pictures(Images)).Saved;
        Assert.Equal(0, saved.Codes);
        Assert.Equal(4 * Images * (ConvInputs + Pooled), saved.Floats);
        Assert.Equal(4 * Images * (Sums + Image + Pooled + ConvOutputs), saved.QuantizerInputs);
    }

    [Fact]
    public void A_network_without_trained_rows_keeps_no_inputs_of_layers()
    {
        var saved = Measure(new(Ratio: 0), Pictures(Images)).Saved;
        Assert.Equal((0, 0, 0), (saved.Codes, saved.Floats, saved.Weights));
        Assert.Equal(4 * Images * ConvOutputs, saved.NormInputs);
    }

    [Fact]
    public void What_a_step_holds_is_what_the_allocator_counts()
    {
        var memory = Measure(new(Ratio: 1), Pictures(Images));
        Assert.InRange(memory.Other, 4 * Images * Image, 4 * Images * (Image + Stage3 + Pooled) + 200_000);  // the batch, the last block, little else
        Assert.True(memory.Peak >= memory.Model + memory.Saved.Total + memory.Other);
        Assert.Equal(memory, Measure(new(Ratio: 1), Pictures(Images)));
    }

    [Fact]
    public void The_peak_of_a_CWPN_step_is_at_most_six_tenths_of_QATs_that_keeps_floats()
    {
        var batch = Pictures(16);
        long own = Measure(new(FreezingMode.ChannelWisePerNetwork, 0.1), batch).Peak;
        Kernels.UseFused = Kernels.SaveCodes = false;
        long floats = Measure(new(Ratio: 1), batch).Peak;
        Assert.InRange((double)own / floats, 0.2, 0.6);
    }

    /// <summary>All gradients of a step, with inputs of layers kept as codes or as floats.</summary>
    private static Tensor[] Gradients(bool codes, EfQatOptions options, bool unitScales)
    {
        Kernels.SaveCodes = codes;
        var batch = Pictures(Images);
        var (model, rule) = Network(options, batch);
        if (unitScales)
            foreach (var quantizer in Quantize.Quantizers(model)) quantizer.Set(1, quantizer.ZeroPoint);
        model.train();
        rule.BeforeStep(0);
        nn.functional.cross_entropy(model.call(batch.Images), batch.Labels).backward();
        var trained = Quantize.Layers(model).SelectMany(layer => (Tensor?[])[layer.TrainedWeight, layer.TrainedLogScale]);
        return [.. trained.Concat(model.parameters()).Select(parameter => parameter?.grad).OfType<Tensor>()];
    }

    private static void AssertSameBits(EfQatOptions options, bool unitScales)
    {
        var (codes, floats) = (Gradients(true, options, unitScales), Gradients(false, options, unitScales));
        Assert.Equal(floats.Length, codes.Length);
        Assert.All(codes.Zip(floats), pair => Assert.Equal(Bits(pair.Second), Bits(pair.First)));
        Assert.Contains(codes, gradient => gradient.ndim == 4 && gradient.abs().max().item<float>() > 0);
    }

    private static int[] Bits(Tensor values) => [.. values.contiguous().data<float>().ToArray().Select(BitConverter.SingleToInt32Bits)];

    // The kernel multiplies a sum of code products by the scale once: with scale 1 the floats have the same sum.
    [Fact]
    public void Codes_and_the_floats_they_stand_for_give_the_same_gradients_bit_for_bit() =>
        AssertSameBits(new(FreezingMode.ChannelWisePerLayer, 0.1), unitScales: true);

    [Fact]
    public void So_do_the_portable_operators_with_any_scale()
    {
        Kernels.UseFused = false;
        AssertSameBits(new(Ratio: 1), unitScales: false);
        AssertSameBits(new(FreezingMode.ChannelWisePerNetwork, 0.1), unitScales: false);
    }
}
#endif
