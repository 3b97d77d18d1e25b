namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                /// <summary>Up to the largest rate and down again, once, while the momentum goes the other way.</summary>
                public class OneCycleLR : LRScheduler
                {
                    private readonly Optimizer optimizer;
                    private readonly AnnealStrategy strategy;
                    private readonly bool cycleMomentum;
                    private readonly int totalSteps;
                    private readonly Phase[] phases;

                    public OneCycleLR(
                        Optimizer optimizer, double max_lr, int total_steps = -1, int epochs = -1, int steps_per_epoch = -1, double pct_start = 0.3,
                        AnnealStrategy anneal_strategy = AnnealStrategy.Cos, bool cycle_momentum = true, double base_momentum = 0.85,
                        double max_momentum = 0.95, double div_factor = 25, double final_div_factor = 10000, bool three_phase = false,
                        int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        if (total_steps <= 0 && (epochs <= 0 || steps_per_epoch <= 0))
                            throw new ArgumentException("give total_steps, or epochs and steps_per_epoch", nameof(total_steps));
                        if (pct_start is < 0 or > 1)
                            throw new ArgumentException($"pct_start {pct_start} is outside [0, 1]", nameof(pct_start));
                        (this.optimizer, strategy, cycleMomentum) = (optimizer, anneal_strategy, cycle_momentum);
                        totalSteps = total_steps > 0 ? total_steps : epochs * steps_per_epoch;
                        double first = max_lr / div_factor, final = first / final_div_factor, peak = pct_start * totalSteps - 1;
                        phases = three_phase
                            ?
                            [
                                new(peak, first, max_lr, max_momentum, base_momentum),
                                new(2 * peak, max_lr, first, base_momentum, max_momentum),
                                new(totalSteps - 1, first, final, max_momentum, max_momentum),
                            ]
                            : [new(peak, first, max_lr, max_momentum, base_momentum), new(totalSteps - 1, max_lr, final, base_momentum, max_momentum)];
                        if (last_epoch == -1)
                            foreach (var group in optimizer.ParamGroups) group.InitialLearningRate = first;
                        step();
                    }

                    public enum AnnealStrategy { Cos, Linear }

                    protected override IEnumerable<double> get_lr()
                    {
                        if (_last_epoch >= totalSteps)
                            throw new InvalidOperationException($"step {_last_epoch} of a cycle of {totalSteps} steps");
                        int current = 0;
                        while (current < phases.Length - 1 && _last_epoch > phases[current].End) current++;
                        var phase = phases[current];
                        double start = current == 0 ? 0 : phases[current - 1].End, done = (_last_epoch - start) / (phase.End - start);
                        if (cycleMomentum) SetMomentum(Between(phase.FirstMomentum, phase.LastMomentum, done));
                        return BaseRates.Select(_ => Between(phase.FirstRate, phase.LastRate, done));
                    }

                    private double Between(double from, double to, double done) =>
                        from + (to - from) * (strategy == AnnealStrategy.Cos ? (1 - Math.Cos(Math.PI * done)) / 2 : done);

                    private void SetMomentum(double momentum)
                    {
                        foreach (var group in optimizer.ParamGroups)
                        {
                            if (group is IMomentum m) m.Momentum = momentum;
                            else if (group is IBetas b) b.Betas = (momentum, b.Betas.Item2);
                            else throw new InvalidOperationException("the optimizer has no momentum to cycle; pass cycle_momentum: false");
                        }
                    }

                    /// <summary>Ends at step <paramref name="End"/>.</summary>
                    private readonly record struct Phase(double End, double FirstRate, double LastRate, double FirstMomentum, double LastMomentum);
                }
            }
        }
    }
}
