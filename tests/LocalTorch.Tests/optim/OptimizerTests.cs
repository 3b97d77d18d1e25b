using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LocalTorch.Tests.Optim;

public class OptimizerTests
{
    private const int Steps = 20;

    // Twenty steps down a bowl, gradient = 2·(θ − target)·weights, in PyTorch.
    private static readonly Lazy<JsonElement> Oracle = new(() => PyTorch.Run($$"""
        cases = {
          'sgd': lambda p: torch.optim.SGD(p, lr=0.05),
          'sgd momentum dampening decay': lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.1, weight_decay=0.01),
          'sgd nesterov': lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
          'sgd maximize': lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.5, maximize=True),
          'adam': lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-6),
          'adam amsgrad decay': lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.1, amsgrad=True),
          'adam maximize': lambda p: torch.optim.Adam(p, lr=0.05, maximize=True),
          'adamw': lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
          'adamw amsgrad': lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1, amsgrad=True),
        }
        def run(make):
            p = torch.tensor([1.0, -2.0, 3.0, 0.5], requires_grad=True)
            o = make([p])
            for _ in range({{Steps}}):
                o.zero_grad()
                ((p - torch.tensor([0.1, 0.2, -0.3, 0.4])) ** 2 * torch.tensor([1., 2., 3., 4.])).sum().backward()
                o.step()
            return p.tolist()
        print(json.dumps({name: run(make) for name, make in cases.items()}))
        """));

    private static readonly Dictionary<string, Func<Parameter[], optim.Optimizer>> Cases = new()
    {
        ["sgd"] = p => optim.SGD(p, 0.05),
        ["sgd momentum dampening decay"] = p => optim.SGD(p, 0.05, momentum: 0.9, dampening: 0.1, weight_decay: 0.01),
        ["sgd nesterov"] = p => optim.SGD(p, 0.05, momentum: 0.9, nesterov: true),
        ["sgd maximize"] = p => optim.SGD(p, 0.01, momentum: 0.5, maximize: true),
        ["adam"] = p => optim.Adam(p, 0.05, beta1: 0.8, beta2: 0.95, eps: 1e-6),
        ["adam amsgrad decay"] = p => optim.Adam(p, 0.05, weight_decay: 0.1, amsgrad: true),
        ["adam maximize"] = p => optim.Adam(p, 0.05, maximize: true),
        ["adamw"] = p => optim.AdamW(p, 0.05, weight_decay: 0.1),
        ["adamw amsgrad"] = p => optim.AdamW(p, 0.05, weight_decay: 0.1, amsgrad: true),
    };

    public static IEnumerable<object[]> Names => Cases.Keys.Select(name => new object[] { name });

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Twenty_steps_match_PyTorch(string name)
    {
        float[] expected = Oracle.Value.GetProperty(name).Floats();
        using var parameter = Start();
        using var optimizer = Cases[name]([parameter]);
        for (int i = 0; i < Steps; i++) Step(optimizer, parameter);
        Assert.All(expected.Zip(parameter.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * (1 + Math.Abs(pair.First))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_thousand_steps_leave_no_tensors(string name)
    {
        using var parameter = Start();
        using var optimizer = Cases[name]([parameter]);
        Step(optimizer, parameter);
        long before = LiveTensors.Count();
        for (int i = 0; i < 1000; i++) Step(optimizer, parameter);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_restored_state_goes_on_as_the_original(string name)
    {
        using var parameter = Start();
        using var optimizer = Cases[name]([parameter]);
        for (int i = 0; i < 3; i++) Step(optimizer, parameter);

        using var twin = new Parameter(parameter.detach().clone());
        using var restored = Cases[name]([twin]);
        ((OptimizerHelper)restored).load_state_dict(((OptimizerHelper)optimizer).state_dict());
        for (int i = 0; i < 3; i++)
        {
            Step(optimizer, parameter);
            Step(restored, twin);
        }
        Assert.Equal(parameter.data<float>().ToArray(), twin.data<float>().ToArray());
    }

    [Fact]
    public void A_group_has_its_own_rate_and_takes_the_rest_from_the_optimizer()
    {
        using var slow = Start();
        using var fast = Start();
        using var optimizer = optim.SGD([new SGD.ParamGroup { Parameters = [slow], Options = new() { LearningRate = 0.1 } }, new SGD.ParamGroup { Parameters = [fast] }], 0.2);
        foreach (var parameter in (Parameter[])[slow, fast]) parameter.grad = ones(4);
        optimizer.step();
        Assert.Equal([0.9f, -2.1f, 2.9f, 0.4f], slow.data<float>().ToArray());
        Assert.Equal([0.8f, -2.2f, 2.8f, 0.3f], fast.data<float>().ToArray());
    }

    [Fact]
    public void A_parameter_without_a_gradient_stays()
    {
        using var parameter = Start();
        using var optimizer = optim.AdamW([parameter], 0.1, weight_decay: 0.5);
        optimizer.step();
        Assert.Equal([1f, -2f, 3f, 0.5f], parameter.data<float>().ToArray());
    }

    [Fact]
    public void Zero_grad_keeps_the_gradient_tensor_and_zeroes_it()
    {
        using var parameter = Start();
        parameter.grad = ones(4);
        using var optimizer = optim.SGD([parameter], 0.1);
        optimizer.zero_grad();
        Assert.Equal(new float[4], parameter.grad!.data<float>().ToArray());
    }

    [Fact]
    public void A_closure_computes_the_loss_with_gradients()
    {
        using var scope = NewDisposeScope();
        var parameter = Start();
        using var optimizer = optim.SGD([parameter], 0.5);
        var loss = optimizer.step(() =>
        {
            var value = parameter.sum();
            value.backward();
            return value;
        });
        Assert.Equal(2.5f, loss!.item<float>());
        Assert.Equal([0.5f, -2.5f, 2.5f, 0f], parameter.data<float>().ToArray());
    }

    [Fact]
    public void A_parameter_in_two_groups_is_refused()
    {
        using var parameter = Start();
        using var optimizer = optim.SGD([parameter], 0.1);
        Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new SGD.ParamGroup([parameter])));
    }

    private static Parameter Start() => new(tensor(new[] { 1f, -2, 3, 0.5f }));

    private static void Step(optim.Optimizer optimizer, Parameter parameter)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var off = parameter - tensor(new[] { 0.1f, 0.2f, -0.3f, 0.4f });
        (off * off * tensor(new[] { 1f, 2, 3, 4 })).sum().backward();
        optimizer.step();
    }
}
