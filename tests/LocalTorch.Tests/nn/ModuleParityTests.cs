using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace LocalTorch.Tests.Nn;

public class ModuleParityTests
{
    // Of each module, made after the same seed: its parameters as initialized, its output, and every gradient of Σ output·wave.
    private static readonly Lazy<JsonElement> Oracle = new(() => PyTorch.Run("""
        from torch import nn
        images, rows = (2, 4, 6, 6), (3, 8)
        cases = {
          'conv': (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1), images),
          'conv groups': (lambda: nn.Conv2d(4, 6, (3, 1), padding=(1, 0), dilation=2, groups=2, bias=False), images),
          'linear': (lambda: nn.Linear(8, 5), rows),
          'linear without bias': (lambda: nn.Linear(8, 5, bias=False), rows),
          'batch norm': (lambda: nn.BatchNorm2d(4), images),
          'batch norm in eval': (lambda: nn.BatchNorm2d(4).eval(), images),
          'layer norm': (lambda: nn.LayerNorm(8), rows),
          'relu': (lambda: nn.ReLU(), rows),
          'relu6': (lambda: nn.ReLU6(), rows),
          'gelu': (lambda: nn.GELU(), rows),
          'gelu tanh': (lambda: nn.GELU('tanh'), rows),
          'identity': (lambda: nn.Identity(), rows),
          'flatten': (lambda: nn.Flatten(), images),
          'max pool': (lambda: nn.MaxPool2d(3, 2, 1), images),
          'avg pool': (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), images),
          'adaptive pool': (lambda: nn.AdaptiveAvgPool2d(2), images),
          'dropout': (lambda: nn.Dropout(0.3), rows),
          'sequential': (lambda: nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2)), rows),
        }
        def wave(shape):
            n = 1
            for s in shape: n *= s
            return torch.tensor([((7 * i) % 11 - 5) / 4 for i in range(n)]).reshape(shape)
        def run(make, shape):
            torch.manual_seed(7)
            module = make()
            initial = [p.flatten().tolist() for p in module.parameters()]
            x = wave(shape).requires_grad_()
            y = module(x)
            (y * wave(y.shape)).sum().backward()
            return {'initial': initial, 'shape': list(y.shape), 'output': y.flatten().tolist(), 'input': x.grad.flatten().tolist(),
                    'gradients': [p.grad.flatten().tolist() for p in module.parameters()],
                    'buffers': [b.flatten().tolist() for b in module.buffers()]}
        print(json.dumps({name: run(make, shape) for name, (make, shape) in cases.items()}))
        """));

    private static readonly long[] Images = [2, 4, 6, 6], Rows = [3, 8];

    private static readonly Dictionary<string, (Func<nn.Module<Tensor, Tensor>> Make, long[] Shape)> Cases = new()
    {
        ["conv"] = (() => nn.Conv2d(4, 6, 3, stride: 2, padding: 1), Images),
        ["conv groups"] = (() => nn.Conv2d(4, 6, (3, 1), padding: (1, 0), dilation: (2, 2), groups: 2, bias: false), Images),
        ["linear"] = (() => nn.Linear(8, 5), Rows),
        ["linear without bias"] = (() => nn.Linear(8, 5, hasBias: false), Rows),
        ["batch norm"] = (() => nn.BatchNorm2d(4), Images),
        ["batch norm in eval"] = (() => Evaluating(nn.BatchNorm2d(4)), Images),
        ["layer norm"] = (() => nn.LayerNorm(8), Rows),
        ["relu"] = (() => nn.ReLU(), Rows),
        ["relu6"] = (() => nn.ReLU6(), Rows),
        ["gelu"] = (() => nn.GELU(), Rows),
        ["gelu tanh"] = (() => nn.GELU(TorchSharp.Modules.GELU.Approximate.tanh), Rows),
        ["identity"] = (() => nn.Identity(), Rows),
        ["flatten"] = (() => nn.Flatten(), Images),
        ["max pool"] = (() => nn.MaxPool2d(3, 2, 1), Images),
        ["avg pool"] = (() => nn.AvgPool2d(3, 2, 1, count_include_pad: false), Images),
        ["adaptive pool"] = (() => nn.AdaptiveAvgPool2d(2), Images),
        ["dropout"] = (() => nn.Dropout(0.3), Rows),
        ["sequential"] = (() => nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2)), Rows),
    };

    public static IEnumerable<object[]> Names => Cases.Keys.Select(name => new object[] { name });

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Initialization_output_and_gradients_match_PyTorch(string name)
    {
        var expected = Oracle.Value.GetProperty(name);
        using var scope = NewDisposeScope();
        random.manual_seed(7);
        using var module = Cases[name].Make();
        Assert.Equal(Lists(expected, "initial"), module.parameters().Select(Values));

        var x = Wave(Cases[name].Shape).requires_grad_();
        var y = module.call(x);
        (y * Wave(y.shape)).sum().backward();
        Assert.Equal(expected.GetProperty("shape").Doubles(), y.shape.Select(size => (double)size));
        Close(expected.GetProperty("output").Floats(), Values(y));
        Close(expected.GetProperty("input").Floats(), Values(x.grad!));
        Assert.All(Lists(expected, "gradients").Zip(module.parameters()), pair => Close(pair.First, Values(pair.Second.grad!)));
        Assert.Equal(expected.GetProperty("buffers").GetArrayLength(), module.buffers().Count());
        Assert.All(Lists(expected, "buffers").Zip(module.buffers()), pair => Close(pair.First, Values(pair.Second)));
    }

    [SkippableFact]
    public void Losses_and_an_embedding_match_PyTorch()
    {
        var expected = PyTorch.Run("""
            F = torch.nn.functional
            torch.manual_seed(3)
            table = torch.nn.Embedding(5, 3, padding_idx=1)
            x = torch.tensor([[1., 2., 0.5], [-1., 0., 2.]])
            t, p = torch.tensor([2, 0]), torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
            print(json.dumps([table(torch.tensor([4, 1, 0])).flatten().tolist(), [F.cross_entropy(x, t).item(),
              F.cross_entropy(x, t, label_smoothing=0.1, reduction='sum').item(), F.kl_div(F.log_softmax(x, 1), p, reduction='sum').item(), F.mse_loss(x, p).item()]]))
            """);
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using var table = nn.Embedding(5, 3, padding_idx: 1);
        Assert.Equal(expected[0].Floats(), Values(table.call(tensor(new long[] { 4, 1, 0 }))));

        var x = tensor(new[] { 1f, 2, 0.5f, -1, 0, 2 }).reshape(2, 3);
        var (classes, p) = (tensor(new long[] { 2, 0 }), tensor(new[] { 0.2f, 0.3f, 0.5f, 0.1f, 0.1f, 0.8f }).reshape(2, 3));
        Close(expected[1].Floats(),
        [
            nn.CrossEntropyLoss().call(x, classes).item<float>(),
            nn.functional.cross_entropy(x, classes, reduction: nn.Reduction.Sum, label_smoothing: 0.1).item<float>(),
            nn.functional.kl_div(nn.functional.log_softmax(x, 1), p, log_target: false, reduction: nn.Reduction.Sum).item<float>(),
            nn.functional.mse_loss(x, p).item<float>(),
        ]);
    }

    private static T Evaluating<T>(T module) where T : nn.Module
    {
        module.eval();
        return module;
    }

    private static Tensor Wave(long[] shape) =>
        tensor(Enumerable.Range(0, (int)shape.Aggregate(1L, (n, size) => n * size)).Select(i => (7 * i % 11 - 5) / 4f).ToArray()).reshape(shape);

    private static float[] Values(Tensor tensor) => tensor.detach().to(float32).contiguous().data<float>().ToArray();

    private static float[][] Lists(JsonElement parent, string name) => [.. parent.GetProperty(name).EnumerateArray().Select(list => list.Floats())];

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * (1 + Math.Abs(pair.First))));
    }
}
