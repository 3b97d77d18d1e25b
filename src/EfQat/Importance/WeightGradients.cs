using EfQat.Backward;
using EfQat.Datasets;
using EfQat.Quantization;

namespace EfQat.Importance;

/// <summary>The gradients of all weights for one batch, frozen rows included: a whole backward pass.</summary>
public static class WeightGradients
{
    /// <summary>∂L/∂W of every quantized layer, cross entropy, with the statistics of evaluation. It leaves all rows unfrozen and no gradient behind.</summary>
    /// <param name="model">Quantized.</param>
    /// <param name="batch">Images and labels.</param>
    /// <returns>In the network's order. // each [out, …]</returns>
    public static IReadOnlyList<Tensor> Of(nn.Module<Tensor, Tensor> model, Batch batch)
    {
        var layers = Quantize.Layers(model);
        foreach (var layer in layers) layer.Freeze(RowSet.All(layer.Rows.Total));
        bool training = model.training;
        model.eval();
        nn.functional.cross_entropy(model.call(batch.Images), batch.Labels).backward();
        model.train(training);
        Tensor[] gradients = [.. layers.Select(layer => layer.TrainedWeight!.grad!.detach().clone())];
        foreach (var parameter in model.parameters().Concat(layers.SelectMany(layer => (Tensor?[])[layer.TrainedWeight, layer.TrainedLogScale]).OfType<Tensor>()))
            parameter.grad = null;
        return gradients;
    }
}
