namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static class lr_scheduler
        {
            /// <summary>Sets the learning rates of an optimizer's groups from the number of steps taken.</summary>
            public abstract class LRScheduler
            {
                private readonly Optimizer optimizer;
                private readonly double[] initial;
                private int epoch;

                protected LRScheduler(Optimizer optimizer)
                {
                    this.optimizer = optimizer;
                    initial = [.. optimizer.ParamGroups.Select(group => group.InitialLearningRate = group.LearningRate)];
                    Apply();
                }

                public virtual void step()
                {
                    epoch++;
                    Apply();
                }

                public IEnumerable<double> get_last_lr() => optimizer.ParamGroups.Select(group => group.LearningRate);

                /// <summary>The learning rate after so many steps.</summary>
                protected abstract double At(int epoch, double initial);

                private void Apply()
                {
                    int i = 0;
                    foreach (var group in optimizer.ParamGroups) group.LearningRate = At(epoch, initial[i++]);
                }
            }

            private sealed class ClosedForm(Optimizer optimizer, Func<int, double, double> rate) : LRScheduler(optimizer)
            {
                protected override double At(int epoch, double initial) => rate(epoch, initial);
            }

            public static LRScheduler LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda) =>
                new ClosedForm(optimizer, (epoch, initial) => initial * lr_lambda(epoch));

            public static LRScheduler StepLR(Optimizer optimizer, int step_size, double gamma = 0.1) =>
                LambdaLR(optimizer, epoch => Math.Pow(gamma, epoch / step_size));

            public static LRScheduler MultiStepLR(Optimizer optimizer, IList<int> milestones, double gamma = 0.1) =>
                LambdaLR(optimizer, epoch => Math.Pow(gamma, milestones.Count(milestone => milestone <= epoch)));

            public static LRScheduler ExponentialLR(Optimizer optimizer, double gamma = 0.1) => LambdaLR(optimizer, epoch => Math.Pow(gamma, epoch));

            public static LRScheduler LinearLR(Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int total_iters = 5) =>
                LambdaLR(optimizer, epoch => start_factor + (end_factor - start_factor) * Math.Min(epoch, total_iters) / total_iters);

            public static LRScheduler CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0) =>
                new ClosedForm(optimizer, (epoch, initial) => eta_min + (initial - eta_min) * (1 + Math.Cos(Math.PI * epoch / T_max)) / 2);
        }
    }
}
