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
        foreach (var batch in InScopes(data.Epoch(shard: shard)))
        {
            cancellation.ThrowIfCancellationRequested();
            seen += batch.Labels.numel();
            correct += model.call(batch.Images).argmax(1).eq(batch.Labels).sum().item<long>();
        }
        return (seen, correct);
    }

    /// <summary>The same batches; each is freed, with all that was made from it, when the next one is asked for.</summary>
    internal static IEnumerable<Batch> InScopes(IEnumerable<Batch> batches)
    {
        using var each = batches.GetEnumerator();
        while (true)
        {
            using var scope = NewDisposeScope();
            if (!each.MoveNext()) yield break;
            yield return each.Current;
        }
    }
}
