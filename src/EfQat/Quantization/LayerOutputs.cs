using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>What the layers of a network return on an input: to compare a quantized network with its float origin, layer by layer.</summary>
public static class LayerOutputs
{
    /// <summary>Runs the model once, without gradients; the model is as it was afterwards.</summary>
    /// <param name="model">Float, or prepared by <see cref="Quantize.Prepare"/>: layers keep their names.</param>
    /// <param name="input">// [N, …]</param>
    /// <param name="which">The modules to watch, each from tensor to tensor; null: convolutions and linear layers.</param>
    /// <returns>Names and outputs, in the order they ran; the caller's to dispose. // each [N, …]</returns>
    public static IReadOnlyList<(string Layer, Tensor Output)> Of(nn.Module<Tensor, Tensor> model, Tensor input, Func<nn.Module, bool>? which = null)
    {
        which ??= module => module is Conv2d or Linear or QuantizedLayer;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        List<(string, Tensor)> outputs = [];
        try
        {
            ModuleTree.Replace(model, (name, module) =>
                which(module) ? new Probe(name, (nn.Module<Tensor, Tensor>)module, outputs) : null);
            model.call(input);
        }
        finally
        {
            ModuleTree.Replace(model, (_, module) => (module as Probe)?.Module);
        }
        return outputs;
    }

    /// <summary>Stands in a layer's place and keeps what it returns.</summary>
    private sealed class Probe(string name, nn.Module<Tensor, Tensor> module, List<(string, Tensor)> outputs) : nn.Module<Tensor, Tensor>(name)
    {
        public nn.Module<Tensor, Tensor> Module => module;

        public override Tensor forward(Tensor input)
        {
            var output = module.call(input);
            outputs.Add((GetName(), output.alias().DetachFromDisposeScope()));  // the block around may free its tensors
            return output;
        }
    }
}
