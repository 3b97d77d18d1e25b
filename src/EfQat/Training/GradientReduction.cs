using System.Runtime.ExceptionServices;
using EfQat.Quantization;
#if LOCAL_TORCH
using LocalTorch;
#endif
using TorchSharp.Modules;

namespace EfQat.Training;

/// <summary>
/// Replaces gradients by their mean over the workers while the backward pass still computes others: those of the last layers travel first, in
/// buckets, as in PyTorch's DistributedDataParallel (arXiv 2006.15704). Of a partly frozen layer there is a gradient of the unfrozen rows alone,
/// so that nothing else travels.
/// </summary>
/// <param name="workers">Who takes part.</param>
/// <param name="model">What is trained.</param>
sealed class GradientReduction(WorkerGroup workers, nn.Module model) : IDisposable
{
    private const long BucketBytes = 256 << 10;  // small networks, too, shall have several [ours]

    private readonly List<Bucket> buckets = [];
    private readonly List<GradientHook> hooks = [];
    private Parameter[] leaves = [];
    private int begun;
    private bool active;
    private ExceptionDispatchInfo? problem;

    /// <summary>That this worker has sent: of n bytes that are summed in a ring of W workers, each sends 2·(W−1)/W·n.</summary>
    public double BytesSent { get; private set; }

    /// <summary>To be called before the forward pass.</summary>
    public void Begin()
    {
        Parameter[] now = [.. Leaves()];
        if (!now.SequenceEqual(leaves, ReferenceEqualityComparer.Instance)) Watch(now);
        foreach (var bucket in buckets) bucket.Waiting = bucket.Leaves.Length;
        (begun, active) = (0, true);
    }

    /// <summary>To be called after the backward pass: waits until all gradients are the workers' mean.</summary>
    /// <param name="numbers">What else is to be added up.</param>
    /// <returns>Their sums over the workers.</returns>
    public double[] Finish(params double[] numbers)
    {
        active = false;
        problem?.Throw();
        using var off = no_grad();
        while (begun < buckets.Count) BeginNext();  // a leaf that the loss does not depend on
        BytesSent += Sent(sizeof(double) * numbers.Length);
        double[] sums = workers.Sum(numbers);
        foreach (var bucket in buckets) bucket.TakeMean(workers.Count);
        return sums;
    }

    /// <inheritdoc/>
    public void Dispose() => hooks.ForEach(hook => hook.Dispose());

    /// <summary>Everything with a gradient, about in the order of the forward pass.</summary>
    private IEnumerable<Parameter> Leaves() => model.modules()
        .SelectMany(module => module is QuantizedLayer { Rows.IsAll: false } layer
            ? module.parameters(recurse: false).Append(layer.TrainedWeight).Append(layer.TrainedLogScale).OfType<Parameter>()
            : module.parameters(recurse: false))
        .Where(parameter => parameter.requires_grad).Distinct(ReferenceEqualityComparer.Instance).Cast<Parameter>();

    private double Sent(long bytes) => 2.0 * (workers.Count - 1) / workers.Count * bytes;

    private void BeginNext()
    {
        var bucket = buckets[begun++];
        bucket.BeginSum(workers);
        BytesSent += Sent(bucket.Bytes);
    }

    private void Watch(Parameter[] now)
    {
        Dispose();
        hooks.Clear();
        buckets.Clear();
        leaves = now;
        var pending = new List<Parameter>();
        for (int i = leaves.Length - 1; i >= 0; i--)
        {
            pending.Add(leaves[i]);
            var bucket = new Bucket([.. pending]);
            if (i > 0 && bucket.Bytes < BucketBytes) continue;
            buckets.Add(bucket);
            pending.Clear();
        }
        foreach (var bucket in buckets)
            foreach (var leaf in bucket.Leaves)
                hooks.Add(new(leaf, () => Arrived(bucket)));
    }

    private void Arrived(Bucket bucket)
    {
        if (!active || problem is not null) return;
        bucket.Waiting--;
        try
        {
            while (begun < buckets.Count && buckets[begun].Waiting == 0) BeginNext();  // in the same order everywhere
        }
        catch (Exception exception)
        {
            problem = ExceptionDispatchInfo.Capture(exception);  // none may enter native code
        }
    }

    private sealed class Bucket(Parameter[] leaves)
    {
        private Tensor? sum;
        private Action? end;

        public Parameter[] Leaves => leaves;

        public long Bytes { get; } = leaves.Sum(leaf => leaf.numel() * leaf.element_size());

        public int Waiting { get; set; }

        public void BeginSum(WorkerGroup workers)
        {
            sum = cat([.. leaves.Select(leaf => leaf.grad is { } gradient ? gradient.reshape(-1) : zeros(leaf.numel(), leaf.dtype, leaf.device))]);
            end = workers.BeginSum(sum);
        }

        public void TakeMean(int count)
        {
            end!();
            sum!.div_(count);
            long start = 0;
            foreach (var leaf in leaves)
            {
                leaf.grad?.copy_(sum.narrow(0, start, leaf.numel()).reshape(leaf.shape));
                start += leaf.numel();
            }
            sum.Dispose();
        }
    }
}
