using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace LocalTorch.Tests.Optim;

public class SchedulerTests
{
    private const int Steps = 12;

    // Rates of two groups, and the momentum, before the first step and after each.
    private static readonly Lazy<JsonElement> Oracle = new(() => PyTorch.Run($$"""
        import warnings; warnings.simplefilter('ignore')
        S = torch.optim.lr_scheduler
        cases = {
          'step': lambda o: S.StepLR(o, 3, gamma=0.5),
          'multistep': lambda o: S.MultiStepLR(o, [2, 5, 9], gamma=0.3),
          'exponential': lambda o: S.ExponentialLR(o, 0.8),
          'lambda': lambda o: S.LambdaLR(o, lambda e: 1 / (1 + e)),
          'linear': lambda o: S.LinearLR(o, 0.25, 1.0, 4),
          'cosine': lambda o: S.CosineAnnealingLR(o, 10, eta_min=0.01),
          'cosine over its end': lambda o: S.CosineAnnealingLR(o, 5),
          'sequential': lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, 1.0, 3), S.CosineAnnealingLR(o, 9)], [3]),
          'onecycle': lambda o: S.OneCycleLR(o, 0.4, total_steps={{Steps + 1}}),
          'onecycle linear': lambda o: S.OneCycleLR(o, 0.4, epochs=1, steps_per_epoch={{Steps + 1}}, anneal_strategy='linear', pct_start=0.5),
          'onecycle three': lambda o: S.OneCycleLR(o, 0.4, total_steps={{Steps + 1}}, three_phase=True),
        }
        def run(make):
            o = torch.optim.SGD([{'params': [torch.zeros(1)], 'lr': 0.1}, {'params': [torch.zeros(1)], 'lr': 0.5}], lr=1, momentum=0.9)
            s = make(o)
            seen = []
            def look(): seen.extend([g['lr'] for g in o.param_groups] + [o.param_groups[0]['momentum']])
            look()
            for _ in range({{Steps}}):
                s.step()
                look()
            return seen
        print(json.dumps({name: run(make) for name, make in cases.items()}))
        """));

    private static readonly Dictionary<string, Func<Optimizer, lr_scheduler.LRScheduler>> Cases = new()
    {
        ["step"] = o => lr_scheduler.StepLR(o, 3, gamma: 0.5),
        ["multistep"] = o => lr_scheduler.MultiStepLR(o, [2, 5, 9], gamma: 0.3),
        ["exponential"] = o => lr_scheduler.ExponentialLR(o, 0.8),
        ["lambda"] = o => lr_scheduler.LambdaLR(o, epoch => 1.0 / (1 + epoch)),
        ["linear"] = o => lr_scheduler.LinearLR(o, 0.25, 1.0, 4),
        ["cosine"] = o => lr_scheduler.CosineAnnealingLR(o, 10, eta_min: 0.01),
        ["cosine over its end"] = o => lr_scheduler.CosineAnnealingLR(o, 5),
        ["sequential"] = o => lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 3), lr_scheduler.CosineAnnealingLR(o, 9)], [3]),
        ["onecycle"] = o => lr_scheduler.OneCycleLR(o, 0.4, total_steps: Steps + 1),
        ["onecycle linear"] = o => lr_scheduler.OneCycleLR(
            o, 0.4, epochs: 1, steps_per_epoch: Steps + 1, anneal_strategy: lr_scheduler.impl.OneCycleLR.AnnealStrategy.Linear, pct_start: 0.5),
        ["onecycle three"] = o => lr_scheduler.OneCycleLR(o, 0.4, total_steps: Steps + 1, three_phase: true),
    };

    public static IEnumerable<object[]> Names => Cases.Keys.Select(name => new object[] { name });

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Rates_and_momentum_match_PyTorch(string name)
    {
        double[] expected = Oracle.Value.GetProperty(name).Doubles();
        using var first = new Parameter(zeros(1));
        using var second = new Parameter(zeros(1));
        using var optimizer = SGD([Group(first, 0.1), Group(second, 0.5)], 1, momentum: 0.9);
        var scheduler = Cases[name](optimizer);
        List<double> seen = [];
        Look();
        for (int i = 0; i < Steps; i++)
        {
            scheduler.step();
            Look();
        }
        Assert.Equal(expected.Length, seen.Count);
        Assert.All(expected.Zip(seen), pair => Assert.Equal(pair.First, pair.Second, 1e-9));

        void Look()
        {
            seen.AddRange(optimizer.ParamGroups.Select(group => group.LearningRate));
            seen.Add(((IMomentum)optimizer.ParamGroups.First()).Momentum);
            Assert.Equal(optimizer.ParamGroups.Select(group => group.LearningRate), scheduler.get_last_lr());
        }
    }

    private static SGD.ParamGroup Group(Parameter parameter, double rate) => new([parameter], new SGD.Options { LearningRate = rate });
}
