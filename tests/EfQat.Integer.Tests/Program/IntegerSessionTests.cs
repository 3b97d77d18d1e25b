using EfQat.Integer.Compilation;
using EfQat.Integer.Kernels;
using EfQat.Integer.Program;
using EfQat.Integer.Tests.Compilation;
using EfQat.Models;

namespace EfQat.Integer.Tests.Program;

public sealed class IntegerSessionTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory, InlineData(KernelKind.Direct, 1), InlineData(KernelKind.Direct, 2), InlineData(KernelKind.Direct16, 2), InlineData(KernelKind.Winograd, 2), InlineData(null, 2)]
    public void Every_kernel_gives_the_codes_of_the_specification(KernelKind? kernel, int threads)
    {
        manual_seed(1);
        var x = randn(2, 3, 32, 32);
        var program = IntegerCompiler.Compile(Networks.Prepared(ResNet.Create("resnet20", 3, 10), "W7A7,first-last=7", x), x[..1]);
        using var specification = new IntegerSession(program, KernelKind.Specification);
        using var session = new IntegerSession(program, kernel, threads);
        float[] image = Networks.Pixels(x[..1]), expected = new float[10], logits = new float[10];
        for (int step = 0; step < program.Steps.Count; step++)
        {
            specification.RunStep(step, image, expected);
            session.RunStep(step, image, logits);
            Assert.True(specification.Codes(step).SequenceEqual(session.Codes(step)), $"{program.Steps[step].Name}");
        }
        Assert.Equal(expected, logits);
    }

    [Fact]
    public void Running_allocates_nothing()
    {
        using var session = new IntegerSession(Steps.EveryKind(), threads: 2);
        var (image, logits) = (new float[9 * 9 * 2], new float[4]);
        session.Run(image, logits);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) session.Run(image, logits);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void An_image_of_another_size_is_an_error()
    {
        using var session = new IntegerSession(Steps.EveryKind());
        Assert.Contains("the program has 2×9×9 and 4", Assert.Throws<ArgumentException>(() => session.Run(new float[9], new float[4])).Message);
    }
}
