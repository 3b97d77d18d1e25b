namespace TorchSharp;

using static torch.optim.lr_scheduler.impl;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static LRScheduler StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false) =>
                new StepLR(optimizer, step_size, gamma, last_epoch, verbose);

            public static LRScheduler MultiStepLR(Optimizer optimizer, IList<int> milestones, double gamma = 0.1, int last_epoch = -1, bool verbose = false) =>
                new MultiStepLR(optimizer, milestones, gamma, last_epoch, verbose);

            public static LRScheduler ExponentialLR(Optimizer optimizer, double gamma = 0.1, int last_epoch = -1, bool verbose = false) =>
                new ExponentialLR(optimizer, gamma, last_epoch, verbose);

            public static LRScheduler LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false) =>
                new LambdaLR(optimizer, lr_lambda, last_epoch, verbose);

            public static LRScheduler LinearLR(
                Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int total_iters = 5, int last_epoch = -1, bool verbose = false) =>
                new LinearLR(optimizer, start_factor, end_factor, total_iters, last_epoch, verbose);

            public static LRScheduler CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false) =>
                new CosineAnnealingLR(optimizer, T_max, eta_min, last_epoch, verbose);

            public static LRScheduler SequentialLR(Optimizer optimizer, IEnumerable<LRScheduler> schedulers, IEnumerable<int> milestones, int last_epoch = -1) =>
                new SequentialLR(optimizer, schedulers, milestones, last_epoch);

            public static LRScheduler OneCycleLR(
                Optimizer optimizer, double max_lr, int total_steps = -1, int epochs = -1, int steps_per_epoch = -1, double pct_start = 0.3,
                OneCycleLR.AnnealStrategy anneal_strategy = impl.OneCycleLR.AnnealStrategy.Cos, bool cycle_momentum = true, double base_momentum = 0.85,
                double max_momentum = 0.95, double div_factor = 25, double final_div_factor = 10000, bool three_phase = false,
                int last_epoch = -1, bool verbose = false) =>
                new OneCycleLR(
                    optimizer, max_lr, total_steps, epochs, steps_per_epoch, pct_start, anneal_strategy, cycle_momentum, base_momentum, max_momentum,
                    div_factor, final_div_factor, three_phase, last_epoch, verbose);

            public static partial class impl
            {
                /// <summary>A rate that is a function of the initial rate and the epoch.</summary>
                public abstract class ClosedForm : LRScheduler
                {
                    private readonly Func<double, int, double> rate;

                    private protected ClosedForm(Optimizer optimizer, Func<double, int, double> rate, int last_epoch, bool verbose) : base(optimizer, last_epoch, verbose)
                    {
                        this.rate = rate;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() => BaseRates.Select(initial => rate(initial, _last_epoch));
                }

                public class StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                    : ClosedForm(optimizer, (initial, epoch) => initial * Math.Pow(gamma, epoch / step_size), last_epoch, verbose);

                public class MultiStepLR(Optimizer optimizer, IList<int> milestones, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                    : ClosedForm(optimizer, (initial, epoch) => initial * Math.Pow(gamma, milestones.Count(mark => mark <= epoch)), last_epoch, verbose);

                public class ExponentialLR(Optimizer optimizer, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                    : ClosedForm(optimizer, (initial, epoch) => initial * Math.Pow(gamma, epoch), last_epoch, verbose);

                public class LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                    : ClosedForm(optimizer, (initial, epoch) => initial * lr_lambda(epoch), last_epoch, verbose);

                public class LinearLR(
                    Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int total_iters = 5, int last_epoch = -1, bool verbose = false)
                    : ClosedForm(
                        optimizer,
                        (initial, epoch) => initial * (start_factor + (end_factor - start_factor) * Math.Min(epoch, total_iters) / total_iters),
                        last_epoch, verbose);

                public class CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false)
                    : ClosedForm(
                        optimizer,
                        (initial, epoch) => eta_min + (initial - eta_min) * (1 + Math.Cos(Math.PI * epoch / T_max)) / 2,
                        last_epoch, verbose);
            }
        }
    }
}
