using System.Diagnostics;

namespace EfQat.Jupyter.Tests.Kernel;

/// <summary>The Stop button, shutdown and the ways a kernel ends.</summary>
public sealed class StopTests(KernelProcess kernel) : IClassFixture<KernelProcess>, IDisposable
{
    /// <summary>Promised: 1 s. The rest is for machines that others use too.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>Its gradient is C# that libtorch calls: nothing may be thrown through there.</summary>
    const string SlowGradient = """
        class Slow : autograd.SingleTensorFunction<Slow>
        {
            public override string Name => "Slow";
            public override Tensor forward(autograd.AutogradContext context, params object[] vars) => (Tensor)vars[0] * 2;
            public override List<Tensor> backward(autograd.AutogradContext context, Tensor grad)
            {
                for (int i = 0; i < 10_000_000; i++) { }
                return [grad];
            }
        }
        var x = torch.ones(1, requires_grad: true);
        while (true) Slow.apply(x).backward();
        """;

    readonly RawClient client = new RawClient(kernel).Ready();

    public void Dispose() => client.Dispose();

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("Thread.Sleep(Timeout.Infinite);")]
    [InlineData("await Task.Delay(1); while (true) { }")]
    [InlineData("while (true) await Task.Delay(1);")]
    [InlineData("await Task.Delay(-1);")]
    [InlineData("Task.Delay(-1).Wait();")]
    [InlineData("while (true) try { Thread.Sleep(10); } catch { }")]
    [InlineData("async Task Spin() { await Task.Delay(50); Thread.Sleep(Timeout.Infinite); } Spin().Wait();")]
    [InlineData("Console.ReadLine();")]
    [InlineData("class Slow { public override string ToString() { while (true) { } } } new Slow()")]
    [InlineData(SlowGradient)]
    public void Interrupt_ends_the_cell_and_the_next_one_works(string code)
    {
        client.Run("int survivor = 8;");
        string cell = client.Start($"Console.WriteLine(\"go\"); Console.Out.Flush(); {code}");
        Assert.True(client.WaitFor(cell, "stream"));
        Thread.Sleep(200);
        var clock = Stopwatch.StartNew();
        Assert.Equal("ok", client.Request("interrupt_request", new { }, onControl: true).Status);
        var done = client.Finish(cell);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Limit);
        Assert.Equal("Interrupted", done.Reply.GetProperty("ename").GetString());
        Assert.Equal("8", client.Run("survivor").Result);
    }

    [Fact]
    public void Training_that_watches_the_token_returns_what_it_has()
    {
        string cell = client.Start("int steps = 0; Console.Write(\"go\"); while (!Cell.Token.IsCancellationRequested) { Thread.Sleep(20); steps++; } $\"{steps > 0}\"");
        Assert.True(client.WaitFor(cell, "stream"));
        client.Request("interrupt_request", new { }, onControl: true);
        Assert.Equal("True", client.Finish(cell).Result);
    }

    [Fact]
    public void An_interrupt_between_cells_does_nothing()
    {
        client.Request("interrupt_request", new { }, onControl: true);
        Assert.Equal("1", client.Run("Thread.Sleep(500); 1").Result);
    }

    [Theory]
    [InlineData(false, "Console.Write(1); while (true) { }")]
    [InlineData(true, "Console.Write(1); while (true) { }")]
    [InlineData(false, "Tensor x = torch.ones(8, 16, 32, 32), w = torch.ones(16, 16, 3, 3); void Step() => nn.functional.conv2d(x, w).Dispose(); Step(); Console.Write(1); while (true) Step();")]
    public void Shutdown_ends_the_process_even_while_a_cell_runs(bool restart, string code)
    {
        using var mine = new KernelProcess();
        using var front = new RawClient(mine).Ready();
        Assert.True(front.WaitFor(front.Start(code), "stream"));
        var reply = front.Request("shutdown_request", new { restart }, onControl: true).Reply;
        Assert.Equal(restart, reply.GetProperty("restart").GetBoolean());
        Assert.True(mine.Process.WaitForExit(10_000));
        Assert.Equal(0, mine.Process.ExitCode);
    }

    [Fact]
    public void Sigterm_ends_the_process_even_while_a_cell_runs()
    {
        using var mine = new KernelProcess();
        using var front = new RawClient(mine).Ready();
        Assert.True(front.WaitFor(front.Start("Console.Write(1); while (true) { }"), "stream"));
        using var kill = Process.Start("kill", ["-TERM", $"{mine.Process.Id}"]);
        Assert.True(mine.Process.WaitForExit(10_000));
    }

    [Fact]
    public void A_kernel_does_not_outlive_its_front_end()
    {
        using var parent = Process.Start("sleep", "600");
        using var mine = new KernelProcess([("JPY_PARENT_PID", $"{parent.Id}")]);
        using var front = new RawClient(mine).Ready();
        parent.Kill();
        Assert.True(mine.Process.WaitForExit(10_000));
    }
}
