using System.Globalization;
using EfQat.PostTraining;
using LocalTorch.Tests;

namespace EfQat.Tests.PostTraining;

/// <summary>The paper's algorithm written down once more, in Python: double precision, one filter and one candidate at a time.</summary>
public class EasyQuantParityTests
{
    private const string Oracle = """
        from torch.nn import functional as F
        def q(x, s): return (x / s).round().clamp(-qmax, qmax) * s
        def rows(w, s): return torch.stack([q(f, t) for f, t in zip(w, s)])
        def cosine(a, b):
            n = (a.norm() * b.norm()).item()
            return (a * b).sum().item() / n if n > 0 else float(a.norm() == b.norm())
        def mean(A, B): return sum(cosine(a, b) for a, b in zip(A, B)) / len(A)
        def linspace(lo, hi, n): return [lo + (hi - lo) * i / (n - 1) for i in range(n)]
        def best(cosines):  # the first one, up to rounding
            found = 0
            for i, c in enumerate(cosines):
                if c > cosines[found] + 1e-8: found = i
            return found

        layers = [lambda x, w: F.conv2d(x, w, padding=1), lambda x, w: F.conv2d(x, w, stride=2, padding=1, groups=2), lambda x, w: F.linear(x, w)]
        between = [lambda y: F.max_pool2d(y, 2), lambda y: y.flatten(1)]
        biases = [b1.reshape(-1, 1, 1), torch.zeros(1), b3]
        relus = [True, True, False]
        def compared(l, y):
            if not after_relu: return y
            return (y + biases[l]).relu() if relus[l] else y + biases[l]
        def forward(l, weights, scales):  # what arrives at layer l
            h = x
            for i in range(l):
                if scales: h = q(h, scales[i])
                h = between[i]((layers[i](h, weights[i]) + biases[i]).relu())
            return h
        O = [compared(l, layers[l](forward(l, w, None), w[l])) for l in range(3)]

        for l in range(3):  # the weight sweep
            quantized = [rows(v, s) for v, s in zip(w, weight_scales)]
            A = q(forward(l, quantized, activation_scales), activation_scales[l])
            chosen = []
            for o in range(len(w[l])):
                steps = [weight_scales[l][o]] + [1 / S for S in weight_candidates(1 / weight_scales[l][o])]
                cosines = []
                for s in steps:
                    scales = list(weight_scales[l]); scales[o] = s
                    y, target = compared(l, layers[l](A, rows(w[l], scales)))[:, o], O[l][:, o]
                    cosines.append(mean(target, y) if l < 2 else cosine(target, y))
                chosen.append(steps[best(cosines)])
            of = lambda scales: mean(O[l], compared(l, layers[l](A, rows(w[l], scales))))
            if of(chosen) >= of(weight_scales[l]): weight_scales[l] = chosen
        for l in range(3):  # the activation sweep
            quantized = [rows(v, s) for v, s in zip(w, weight_scales)]
            h = forward(l, quantized, activation_scales)
            steps = [activation_scales[l]] + [1 / S for S in activation_candidates(1 / activation_scales[l])]
            activation_scales[l] = steps[best([mean(O[l], compared(l, layers[l](q(h, s), quantized[l]))) for s in steps])]
        print(json.dumps(weight_scales + [activation_scales]))
        """;

    [SkippableTheory, InlineData(7, 1), InlineData(5, 2), InlineData(4, 3)]
    public void Paper_is_the_algorithm_in_plain_words(int bits, long seed) => AssertEqual(bits, seed, EasyQuantOptions.Paper, """
        after_relu = False
        weight_candidates = activation_candidates = lambda S: linspace(0.5 * S, 2 * S, 100)
        """);

    [SkippableTheory, InlineData(8, 4), InlineData(5, 5)]
    public void OfficialCode_is_the_authors_search(int bits, long seed) => AssertEqual(bits, seed, EasyQuantOptions.OfficialCode, """
        after_relu = True
        weight_candidates = lambda S: linspace(1, S, 100)
        activation_candidates = lambda S: linspace(0.8 * S, S, 200)
        """);

    private static void AssertEqual(int bits, long seed, EasyQuantOptions options, string settings)
    {
        using var scope = NewDisposeScope();
        var (model, samples) = ThreeLayers.Calibrated(seed, options.Scheme(bits));
        float[][] start = model.Scales();
        string Parameter(string name) => Text(model.get_parameter(name)!);
        string inputs = $"""
            qmax = {(1 << (bits - 1)) - 1}
            x, b1, b3 = {Text(samples)}, {Parameter("conv1.bias")}, {Parameter("linear.bias")}
            w = [{Parameter("conv1.weight")}, {Parameter("conv2.weight")}, {Parameter("linear.weight")}]
            weight_scales = [{string.Join(", ", start[..3].Select(Text))}]
            activation_scales = {Text(start[3])}
            """;
        EasyQuant.Optimize(model, samples, options);
        var expected = PyTorch.Run(string.Join('\n', inputs, "linspace = None", settings, Oracle));
        float[][] found = model.Scales();
        for (int row = 0; row < 4; row++)
            Assert.All(expected[row].Doubles().Zip(found[row]), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * pair.First));
        Assert.Contains(start.SelectMany(s => s).Zip(found.SelectMany(s => s)), pair => Math.Abs(pair.First / pair.Second - 1) > 0.05);
    }

    private static string Text(float[] values) => $"[{string.Join(", ", values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)))}]";

    private static string Text(Tensor tensor) =>
        $"torch.tensor({Text(tensor.detach().contiguous().data<float>().ToArray())}, dtype=torch.float64).reshape({string.Join(", ", tensor.shape)})";
}
