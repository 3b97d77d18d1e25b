using EfQat.Datasets;

namespace EfQat.Training;

/// <summary>Top-1 accuracy.</summary>
public static class Evaluator
{
    /// <returns>The share of samples whose class is the highest logit, in percent.</returns>
    public static double Top1(nn.Module<Tensor, Tensor> model, IBatches data, CancellationToken cancellation = default)
    {
        var (seen, correct) = Count(model, data, default, cancellation);
        return 100.0 * correct / seen;
    }

    /// <returns>The samples of a shard, and those of them whose class is the highest logit.</returns>
    internal static (long Seen, long Correct) Count(nn.Module<Tensor, Tensor> model, IBatches data, Shard shard, CancellationToken cancellation)
    {
        model.eval();
        using var off = no_grad();
        long seen = 0, correct = 0;
        foreach (var batch in Batches(data, shard))
        {
            cancellation.ThrowIfCancellationRequested();
            seen += batch.Labels.numel();
            correct += model.call(batch.Images).argmax(1).eq(batch.Labels).sum().item<long>();
        }
        return (seen, correct);
    }

    private static IEnumerable<Batch> Batches(IBatches data, Shard shard)
    {
        using var batches = data.Epoch(shard: shard).GetEnumerator();
        while (true)
        {
            using var scope = NewDisposeScope();
            if (!batches.MoveNext()) yield break;
            yield return batches.Current;
        }
    }
}
