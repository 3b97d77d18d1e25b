namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            /// <summary>Sets the learning rates of an optimizer's groups, once per epoch or per step.</summary>
            public abstract class LRScheduler
            {
                public int _step_count;
                internal int _last_epoch;
                private readonly Optimizer optimizer;
                private IReadOnlyList<double> last = [];

                protected LRScheduler(Optimizer optimizer, int last_epoch = -1, bool verbose = false)
                {
                    this.optimizer = optimizer;
                    _last_epoch = last_epoch;
                    BaseRates = [.. optimizer.ParamGroups.Select(group => group.InitialLearningRate)];
                }

                internal IReadOnlyList<double> BaseRates { get; set; }

                /// <summary>The rates now in use.</summary>
                public IEnumerable<double> get_last_lr() => last;

                public virtual void step() => MoveTo(_last_epoch + 1);

                public virtual void step(int? epoch) => MoveTo(epoch ?? _last_epoch + 1);

                protected abstract IEnumerable<double> get_lr();

                private void MoveTo(int epoch)
                {
                    _step_count++;
                    _last_epoch = epoch;
                    last = [.. get_lr()];
                    foreach (var (group, rate) in optimizer.ParamGroups.Zip(last)) group.LearningRate = rate;
                }
            }
        }
    }
}
