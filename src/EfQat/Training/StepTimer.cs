using System.Diagnostics;
using EfQat.Backward;
using EfQat.Datasets;

namespace EfQat.Training;

/// <summary>One training step taken apart.</summary>
/// <param name="Forward">Milliseconds, loss included.</param>
/// <param name="Backward">Milliseconds.</param>
/// <param name="Update">Milliseconds of the optimizer.</param>
/// <param name="Work">Multiply-adds of the backward pass.</param>
/// <param name="Bytes">Of their operands and results: <see cref="OperandBytes"/>.</param>
/// <param name="Parts">Where the backward pass spent its time.</param>
/// <param name="PeakBytes">The most that tensors held at once during the step; 0 where the torch in use cannot tell.</param>
/// <param name="LiveBytes">What tensors held when it began: weights and optimizers, of other models too; else 0.</param>
public readonly record struct StepTime(double Forward, double Backward, double Update, MultiplyAdds Work, long Bytes, BackwardTime Parts, long PeakBytes, long LiveBytes)
{
    /// <summary>Milliseconds of the whole step.</summary>
    public double Total => Forward + Backward + Update;
}

/// <summary>Times training steps of one model, one at a time, so that several can take turns.</summary>
/// <param name="model">Being trained.</param>
/// <param name="rule">Updates it.</param>
/// <param name="batch">Of every step.</param>
/// <param name="objective">What a step minimizes; null: the cross entropy.</param>
public sealed class StepTimer(nn.Module<Tensor, Tensor> model, IUpdateRule rule, Batch batch, IObjective? objective = null)
{
    private readonly IObjective objective = objective ?? new CrossEntropy();
    private long steps;

    /// <summary>Takes one step.</summary>
    public StepTime Step()
    {
        using var scope = NewDisposeScope();
        bool onCuda = batch.Images.device_type == DeviceType.CUDA;
        double Elapsed(Stopwatch clock)
        {
            if (onCuda) torch.cuda.synchronize();
            return clock.Elapsed.TotalMilliseconds;
        }
        model.train();
        rule.BeforeStep(steps * batch.Labels.numel());
        rule.ZeroGrad();
#if LOCAL_TORCH
        TorchMemory.ResetPeak();
        long live = onCuda ? 0 : TorchMemory.LiveBytes;
#endif
        var (work, bytes, parts) = (MultiplyAdds.Now, OperandBytes.Now, BackwardTime.Now);
        var clock = Stopwatch.StartNew();
        var (_, loss) = objective.Of(model, batch, steps++);
        double forward = Elapsed(clock);
        loss.backward();
        double backward = Elapsed(clock);
        rule.Step(1);
        double update = Elapsed(clock);
#if LOCAL_TORCH
        long peak = onCuda ? 0 : TorchMemory.PeakBytes;
#else
        long peak = 0, live = 0;
#endif
        return new(forward, backward - forward, update - backward, MultiplyAdds.Now - work, OperandBytes.Now - bytes, BackwardTime.Now - parts, peak, live);
    }
}
