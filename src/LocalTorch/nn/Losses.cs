namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>The mean over samples of −log softmax(input)[target].</summary>
    public class CrossEntropyLoss(Tensor? weight = null, long? ignore_index = null, nn.Reduction reduction = nn.Reduction.Mean, double label_smoothing = 0)
        : nn.Module<Tensor, Tensor, Tensor>(nameof(CrossEntropyLoss))
    {
        public Tensor? weight { get; } = weight;
        public long? ignore_index { get; } = ignore_index;
        public nn.Reduction reduction { get; } = reduction;
        public double label_smoothing { get; } = label_smoothing;

        public override Tensor forward(Tensor input, Tensor target) =>
            nn.functional.cross_entropy(input, target, weight, ignore_index ?? -100, reduction, label_smoothing);
    }
}

namespace TorchSharp
{
    using TorchSharp.Modules;

    public static partial class torch
    {
        public static partial class nn
        {
            public static CrossEntropyLoss CrossEntropyLoss(Tensor? weight = null, long? ignore_index = null, Reduction reduction = Reduction.Mean) =>
                new(weight, ignore_index, reduction);

            public static partial class functional
            {
                /// <summary>target·(log target − input); the mean is over elements, as in PyTorch.</summary>
                public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) =>
                    NativeOps.One("aten::kl_div", input, target, (long)reduction, log_target);
            }
        }
    }
}
