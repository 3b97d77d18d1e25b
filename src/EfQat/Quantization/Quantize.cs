using EfQat.Datasets;
using EfQat.Models;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>
/// Turns a float model into a quantized one. A tensor is quantized once, by whoever produces it: a ReLU puts its output on a grid, and a
/// tensor on a grid carries its integers (<see cref="GridTag"/>). A layer whose input arrives as floats quantizes it itself.
/// </summary>
public static class Quantize
{
    /// <summary>
    /// Replaces convolutions, linear layers, normalizations, ReLUs, residual additions and shared inputs by their quantized twins, in place; what only
    /// moves values keeps their grid (<see cref="KeepsGrid"/>).
    /// </summary>
    /// <param name="model">Its parameters are taken over.</param>
    /// <param name="scheme">Bit widths and observers; the first and the last layer keep <see cref="Scheme.FirstLastBits"/>.</param>
    /// <returns>The quantized layers, in the network's order.</returns>
    public static IReadOnlyList<QuantizedLayer> Prepare(nn.Module model, Scheme scheme)
    {
        string[] layers = [.. model.named_modules().Where(pair => pair.module is Conv2d or Linear).Select(pair => pair.name)];
        if (layers.Length == 0)
            throw new UserError($"{model.GetName()}: it has no convolution and no linear layer to quantize, or was quantized already");
        string Parent(string name) => name[..(name.LastIndexOf('.') + 1)];
        // The layers beside and behind a shared input read it: where one of them is the network's first, all are.
        string? first = model.named_modules()
            .TakeWhile(pair => pair.name != layers[0]).Where(pair => pair.module is SharedInput)
            .Select(pair => Parent(pair.name)).FirstOrDefault(Parent(layers[0]).Equals);
        bool AtTheEdge(string name) => name == layers[0] || name == layers[^1] || Parent(name) == first;
        int WeightBits(string name) => AtTheEdge(name) ? Math.Max(scheme.WeightBits, scheme.FirstLastBits) : scheme.WeightBits;
        int InputBits(string name) => AtTheEdge(name) ? Math.Max(scheme.ActivationBits, scheme.FirstLastBits) : scheme.ActivationBits;
        bool Tanh(string name) => scheme.TanhWeights && !AtTheEdge(name);
        Grid WeightGrid(string name) => Tanh(name) ? DoReFa.IntegersOf(scheme.WeightBits) : Grid.Weights(WeightBits(name), scheme.NarrowWeights);
        Granularity Scales(string name) => Tanh(name) ? Granularity.PerTensor : scheme.Granularity;
        Grid ActivationGrid(int bits, bool relu) => scheme switch
        {
            { Clipping: not Clipping.Grid } when relu => new(bits, Signed: false, Symmetric: true),
            { SignedActivations: true } => new(bits, Signed: true, Symmetric: true, Narrow: true),
            { SymmetricActivations: true } => new(bits, Signed: !relu, Symmetric: true),
            _ => Grid.Activations(bits),
        };
        FakeQuantize Activation(int bits, bool relu = false, bool relu6 = false) => new(ActivationGrid(bits, relu), relu, scheme.ActivationObserver, scheme.GradientScale)
        {
            Relu6 = relu6, Clipping = relu ? scheme.Clipping : Clipping.Grid,
        };

        nn.Module? Twin(string name, nn.Module module) => module switch
        {
            Conv2d origin => new QuantConv2d(origin, WeightGrid(name), Activation(InputBits(name)), Scales(name), scheme.GradientScale)
            {
                TanhWeights = Tanh(name),
            },
            Linear origin => new QuantLinear(origin, WeightGrid(name), Activation(InputBits(name)), Scales(name), scheme.GradientScale)
            {
                TanhWeights = Tanh(name),
            },
            BatchNorm2d origin when QuantBatchNorm2d.Replaces(origin) => new QuantBatchNorm2d(origin),
            ReLU or ReLU6 => Activation(scheme.ActivationBits, relu: true, module is ReLU6),
            SharedInput => Activation(InputBits(name)),
            ResidualAdd => new QuantResidualAdd(Activation(scheme.ActivationBits), Activation(scheme.ActivationBits)),
            OptionAShortcut or MaxPool2d or Flatten => new KeepsGrid((nn.Module<Tensor, Tensor>)module),
            _ => null,
        };
        // All twins first: where one cannot be made, the model stays as it was.
        var twins = model.named_modules().ToDictionary(pair => pair.name, pair => Twin(pair.name, pair.module));
        ModuleTree.Replace(model, (name, _) => twins[name]);
        return Layers(model);
    }

    /// <summary>The quantized layers of a prepared model, in the network's order.</summary>
    public static IReadOnlyList<QuantizedLayer> Layers(nn.Module model) => [.. model.modules().OfType<QuantizedLayer>()];

    /// <summary>The activation quantizers of a prepared model.</summary>
    public static IReadOnlyList<FakeQuantize> Quantizers(nn.Module model) => [.. model.modules().OfType<FakeQuantize>()];

    /// <summary>Post-training quantization: weight scales from the weights, activation ranges from sample inputs run in floats.</summary>
    /// <param name="model">Prepared by <see cref="Prepare"/>.</param>
    /// <param name="scheme">Its observers are used.</param>
    /// <param name="samples">Batches; 512 images are the default of the experiments [ours].</param>
    public static void Calibrate(nn.Module<Tensor, Tensor> model, Scheme scheme, IEnumerable<Batch> samples)
    {
        model.eval();
        foreach (var layer in Layers(model)) layer.CalibrateWeight(scheme.WeightObserver);
        SetState(model, QuantizerState.Observing);
        using (no_grad())
        {
            foreach (var batch in samples)
            {
                using var scope = NewDisposeScope();
                model.call(batch.Images);
            }
        }
        foreach (var quantizer in Quantizers(model)) quantizer.Finish();
        SetState(model, QuantizerState.On);
    }

    /// <summary>Switches the quantization of weights and activations; off, the model equals its float origin exactly.</summary>
    public static void SetState(nn.Module model, QuantizerState state)
    {
        foreach (var layer in Layers(model)) layer.Quantizing = state == QuantizerState.On;
        foreach (var quantizer in Quantizers(model)) quantizer.State = state;
    }
}
