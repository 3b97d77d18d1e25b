using TorchSharp;
using static TorchSharp.torch;

namespace LocalTorch.Tests;

public class AutogradTests
{
    /// <summary>x³ with a hand-written backward that also counts its calls.</summary>
    private sealed class Cube : autograd.SingleTensorFunction<Cube>
    {
        public override string Name => nameof(Cube);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("factor", vars[1]);
            return x.pow(3) * (double)vars[1];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
            [grad_output * 3 * ctx.get_saved_variables()[0].square() * (double)ctx.get_data("factor"), null!];
    }

    private sealed class SumAndDifference : autograd.MultiTensorFunction<SumAndDifference>
    {
        public override string Name => nameof(SumAndDifference);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars) =>
            [(Tensor)vars[0] + (Tensor)vars[1], (Tensor)vars[0] - (Tensor)vars[1]];

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) =>
            [grad_outputs[0] + grad_outputs[1], grad_outputs[0] - grad_outputs[1]];
    }

    private sealed class Failing : autograd.SingleTensorFunction<Failing>
    {
        public override string Name => nameof(Failing);
        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();
        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => throw new InvalidDataException("on purpose");
    }

    [Fact]
    public void A_function_in_CSharp_takes_part_in_the_graph()
    {
        using var x = tensor(new[] { 1f, -2f, 3f }, requires_grad: true);
        (Cube.apply(x * 2, 0.5) + x).sum().backward();
        // d/dx (0.5·(2x)³ + x) = 12x² + 1
        Assert.Equal([13f, 49f, 109f], x.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Several_results_and_several_arguments()
    {
        using var a = tensor(new[] { 1f, 2f }, requires_grad: true);
        using var b = tensor(new[] { 3f, 5f }, requires_grad: true);
        var outputs = SumAndDifference.apply(a, b);
        (outputs[0] * outputs[1]).sum().backward();  // a² − b²
        Assert.Equal([2f, 4f], a.grad!.data<float>().ToArray());
        Assert.Equal([-6f, -10f], b.grad!.data<float>().ToArray());
    }

    [Fact]
    public void An_unused_result_has_a_gradient_of_zeros()
    {
        using var a = tensor(new[] { 1f }, requires_grad: true);
        using var b = tensor(new[] { 1f }, requires_grad: true);
        SumAndDifference.apply(a, b)[1].sum().backward();
        Assert.Equal(1f, a.grad!.item<float>());
        Assert.Equal(-1f, b.grad!.item<float>());
    }

    [Fact]
    public void An_exception_in_backward_arrives_as_itself()
    {
        using var x = ones(2, requires_grad: true);
        var error = Assert.Throws<InvalidDataException>(() => Failing.apply(x).sum().backward());
        Assert.Equal("on purpose", error.Message);
    }

    [Fact]
    public void Without_grad_nothing_is_recorded()
    {
        using var x = ones(2, requires_grad: true);
        using (no_grad())
            Assert.False(Cube.apply(x, 1.0).requires_grad);
        Assert.True(is_grad_enabled());
    }

    [Fact]
    public void A_second_backward_needs_retain_graph()
    {
        using var x = ones(2, requires_grad: true);
        var y = Cube.apply(x, 1.0).sum();
        y.backward(retain_graph: true);
        y.backward();
        Assert.Equal([6f, 6f], x.grad!.data<float>().ToArray());
        Assert.ThrowsAny<Exception>(() => y.backward());
    }

    [Fact]
    public void Grad_leaves_the_leaves_alone()
    {
        using var x = tensor(new[] { 2f }, requires_grad: true);
        var gradients = autograd.grad([x.pow(4).sum()], [x]);
        Assert.Equal(32f, gradients[0].item<float>());
        Assert.Null(x.grad);
    }

#if LOCAL_TORCH
    [Fact]
    public void A_thousand_steps_leave_no_tensor_behind()
    {
        using var x = ones(10, requires_grad: true);
        void Step()
        {
            using var scope = NewDisposeScope();
            x.grad = null;
            (Cube.apply(x, 1.0) * 2).sum().backward();
        }
        Step();
        var (count, bytes) = (LiveTensors.Count(), TorchMemory.LiveBytes);
        for (int i = 0; i < 1000; i++) Step();
        Assert.Equal(count, Tensor.TotalCount);
        Assert.Equal(bytes, TorchMemory.LiveBytes);
    }
#endif

#if LOCAL_TORCH
    /// <summary>y = 3a + 2b·a: the leaves' hooks find their gradients complete, once in each backward pass, and not after they were disposed.</summary>
    [Fact]
    public void A_hook_is_called_when_the_gradient_is_complete()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (tensor(new[] { 5f }, requires_grad: true), tensor(new[] { 7f }, requires_grad: true));
        var seen = new List<(string, float)>();
        using var first = new GradientHook(a, () => seen.Add(("a", a.grad!.item<float>())));
        using (new GradientHook(b, () => seen.Add(("b", b.grad!.item<float>()))))
            (a * 3 + b * 2 * a).backward();
        Assert.Equal([("a", 17f), ("b", 10f)], seen.Order());
        (a * b).backward();  // added to the gradients that are there
        Assert.Equal([("a", 24f)], seen[2..]);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => new GradientHook(a * b, () => { }));
    }
#endif
}
