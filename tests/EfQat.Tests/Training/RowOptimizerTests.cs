using EfQat.Training;
using LocalTorch.Tests;
using TorchSharp.Modules;

namespace EfQat.Tests.Training;

public class RowOptimizerTests
{
    /// <summary>Two of three rows from the second step on, against PyTorch's AdamW on a parameter for each row.</summary>
    [SkippableFact]
    public void AdamW_of_rows_is_that_of_each_row_alone()
    {
        using var scope = NewDisposeScope();
        var torch = PyTorch.Run("""
            rows = [torch.full((2,), float(i + 1)).requires_grad_() for i in range(3)]
            optimizers = [torch.optim.AdamW([row], lr=0.1, weight_decay=0.2) for row in rows]
            for step in range(4):
                for i in range(3):
                    if step > 0 and i == 1: continue
                    rows[i].grad = torch.tensor([float(i - step), 0.5 * step])
                    optimizers[i].step()
            print(json.dumps([row.tolist() for row in rows]))
            """);
        var weight = tensor(new[] { 1f, 1, 2, 2, 3, 3 }, [3, 2]);
        using var rule = RowOptimizer.Of(WeightRule.AdamW, weight, momentum: 0, weightDecay: 0.2);
        for (int step = 0; step < 4; step++)
        {
            long[] chosen = step == 0 ? [0, 1, 2] : [0, 2];
            var index = tensor(chosen);
            using var rows = new Parameter(weight.index_select(0, index));
            rows.grad = tensor(chosen.SelectMany(i => new[] { i - step, 0.5f * step }).ToArray(), [chosen.Length, 2]);
            rule.Step(rows, step == 0 ? null : index, 0.1);
            weight.index_copy_(0, index, rows.detach());
        }
        float[] expected = [.. torch.EnumerateArray().SelectMany(row => row.Floats())];
        Assert.All(expected.Zip(weight.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }
}
