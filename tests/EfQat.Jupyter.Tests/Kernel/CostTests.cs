using Xunit.Abstractions;

namespace EfQat.Jupyter.Tests.Kernel;

/// <summary>Promised: ready in 2 s, the first cell 2.5 s later, a trivial one in 60 ms, less than 100 MB for 500 of them.</summary>
public sealed class CostTests(ITestOutputHelper output)
{
    /// <summary>Head room for times on a machine that others use too; memory needs none.</summary>
    const double Shared = 3;

    [Fact]
    public void Start_first_cell_later_cells_and_memory()
    {
        using var kernel = new KernelProcess();
        using var client = new RawClient(kernel).Ready();
        double ready = kernel.SinceStart.Elapsed.TotalSeconds;
        var first = client.Run("var x = tensor(new[] { 1f, 2f });\nnew { x.shape.Length }");
        Assert.Equal("{ Length = 1 }", first.Result);

        double[] trivial = [.. Enumerable.Range(0, 50).Select(i => client.Run($"int a{i} = {i}; a{i}").Time.TotalMilliseconds).Order()];
        long before = kernel.Memory;
        for (int i = 0; i < 500; i++) Assert.Equal($"{i + 1}", client.Run($"int v{i} = {i}; v{i} + 1").Result);
        double grown = (kernel.Memory - before) / 1e6;

        output.WriteLine($"ready {ready:0.00} s, first cell {first.Time.TotalSeconds:0.00} s, trivial cell {trivial[25]:0} ms (median), 500 cells {grown:0} MB");
        Assert.InRange(ready, 0, 2 * Shared);
        Assert.InRange(first.Time.TotalSeconds, 0, 2.5 * Shared);
        Assert.InRange(trivial[25], 0, 60 * Shared);
        Assert.InRange(grown, double.NegativeInfinity, 100);
    }
}
