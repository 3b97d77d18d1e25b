namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                /// <summary>One scheduler after the other; each begins at its epoch 0 when its milestone is reached.</summary>
                public class SequentialLR : LRScheduler
                {
                    private readonly LRScheduler[] schedulers;
                    private readonly int[] milestones;

                    public SequentialLR(Optimizer optimizer, IEnumerable<LRScheduler> schedulers, IEnumerable<int> milestones, int last_epoch = -1)
                        : base(optimizer, last_epoch)
                    {
                        (this.schedulers, this.milestones) = ([.. schedulers], [.. milestones]);
                        if (this.schedulers.Length != this.milestones.Length + 1)
                            throw new ArgumentException(
                                $"{this.schedulers.Length} schedulers need {this.schedulers.Length - 1} milestones, not {this.milestones.Length}", nameof(milestones));
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        int current = milestones.Count(mark => mark <= _last_epoch);
                        schedulers[current].step(_last_epoch - (current == 0 ? 0 : milestones[current - 1]));
                        return schedulers[current].get_last_lr();
                    }
                }
            }
        }
    }
}
