using EfQat.Integer.Kernels;

namespace EfQat.Integer.Tests.Kernels;

public class WorkersTests
{
    readonly struct Count(int[] done) : IJob
    {
        public void Run(int piece, int thread) => Interlocked.Increment(ref done[piece]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void EveryItemIsDoneOnceInEveryJob(int threads)
    {
        using var workers = new Workers(threads);
        var done = new int[1001];
        for (int job = 1; job <= 300; job++)
        {
            workers.Run(new Count(done), done.Length);
            Assert.All(done, count => Assert.Equal(job, count));
        }
    }

    [Fact]
    public void ThreadsFallAsleepAndWakeUp()
    {
        using var workers = new Workers(2);
        var done = new int[2];
        for (int job = 0; job < 5; job++)
        {
            workers.Run(new Count(done), done.Length);
            Thread.Sleep(5);
        }
        Assert.Equal([5, 5], done);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AKernelGivesTheSameCodesOnAnyNumberOfThreads(int threads)
    {
        using var workers = new Workers(threads);
        using var alone = new Workers(1);
        for (int seed = 0; seed < 30; seed++)
        {
            var drawn = RandomLayer.Draw(new Random(seed));
            if (drawn.Outputs <= 0) continue;
            var expected = drawn.Run(ConvolutionKernel.Compile(drawn.Layer, KernelKind.Specification), alone);
            Assert.All(KernelChoice.Candidates(drawn.Layer), candidate =>
                Assert.Equal(expected, drawn.Run(ConvolutionKernel.Compile(drawn.Layer, candidate.Kind, candidate.Set), workers)));
        }
    }

    [Fact]
    public void NoThreadsAreNoWorkers() => Assert.Throws<ArgumentOutOfRangeException>(() => new Workers(0));
}
