using EfQat.Backward;
using EfQat.Datasets;

namespace EfQat.Training;

/// <summary>CPU memory of one training step in bytes; oneDNN's scratch is not counted.</summary>
/// <param name="Model">Held when the step begins: parameters, optimizer, Ŵ of frozen rows.</param>
/// <param name="Saved">Kept by layers, normalizations and quantizers from the forward pass for the backward pass.</param>
/// <param name="Other">What else the forward pass leaves: the batch, the loss, what libtorch's own operators keep.</param>
/// <param name="Peak">The most that was held at once in forward, backward and update, the model included.</param>
public readonly record struct StepMemory(long Model, SavedBytes Saved, long Other, long Peak)
{
    /// <summary>Makes a model, trains it for two steps, and measures the second, when the optimizer has its memory.</summary>
    /// <param name="create">The model and its rule.</param>
    /// <param name="batch">On the CPU; each step works on a copy, as if it came from a loader.</param>
    public static StepMemory Measure(Func<(nn.Module<Tensor, Tensor> Model, IUpdateRule Rule)> create, Batch batch)
    {
        using var scope = NewDisposeScope();
        GC.Collect();  // what earlier models left to it would be freed in between
        GC.WaitForPendingFinalizers();
        long start = Now.Live;
        var (model, rule) = create();
        model.train();
        Step(model, rule, batch, 0);
        long before = Now.Live;
#if LOCAL_TORCH
        TorchMemory.ResetPeak();
#endif
        var (saved, after) = Step(model, rule, batch, batch.Labels.numel());
        var memory = new StepMemory(before - start, saved, after - before - saved.Total, Now.Peak - start);
        rule.Dispose();
        model.Dispose();
        return memory;
    }

    private static (SavedBytes Saved, long After) Step(nn.Module<Tensor, Tensor> model, IUpdateRule rule, Batch batch, long samples)
    {
        using var scope = NewDisposeScope();
        rule.BeforeStep(samples);
        var (loss, saved) = SavedBytes.During(() => nn.functional.cross_entropy(model.call(batch.Images.clone()), batch.Labels));
        long after = Now.Live;
        loss.backward();
        rule.Step(1);
        rule.ZeroGrad();
        return (saved, after);
    }

    private static (long Live, long Peak) Now =>
#if LOCAL_TORCH
        (TorchMemory.LiveBytes, TorchMemory.PeakBytes);
#else
        throw new UserError("memory is counted by LocalTorch's allocator, which the TorchSharp package lacks; build without Torch and TorchSharpDll");
#endif
}
