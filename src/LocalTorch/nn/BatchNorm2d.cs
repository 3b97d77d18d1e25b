namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>Normalizes each channel over images and positions.</summary>
    public class BatchNorm2d : nn.Module<Tensor, Tensor>
    {
        internal BatchNorm2d(long num_features, double eps, double? momentum, bool affine, bool track_running_stats, Device? device, ScalarType? dtype)
            : base(nameof(BatchNorm2d))
        {
            (this.num_features, this.eps, this.momentum, this.affine) = (num_features, eps, momentum, affine);
            if (affine)
            {
                register_parameter(nameof(weight), weight = new Parameter(ones(num_features, dtype, device)));
                register_parameter(nameof(bias), bias = new Parameter(zeros(num_features, dtype, device)));
            }
            if (!track_running_stats) return;
            register_buffer(nameof(running_mean), running_mean = zeros(num_features, dtype, device));
            register_buffer(nameof(running_var), running_var = ones(num_features, dtype, device));
            register_buffer(nameof(num_batches_tracked), num_batches_tracked = tensor(0L, int64, device));
        }

        public Parameter? weight { get; set; }
        public Parameter? bias { get; set; }
        public Tensor? running_mean { get; set; }
        public Tensor? running_var { get; set; }
        public Tensor? num_batches_tracked { get; set; }
        public long num_features { get; }
        public double eps { get; set; }
        public double? momentum { get; set; }
        public bool affine { get; }

        public override Tensor forward(Tensor input)
        {
            if (training && num_batches_tracked is { } count) count.add_(1);
            double factor = momentum ?? (num_batches_tracked is { } seen ? 1.0 / seen.item<long>() : 0);
            return nn.functional.batch_norm(input, running_mean!, running_var!, weight, bias, training || running_mean is null, factor, eps);
        }

        protected override void RegisterComponents() { }
    }
}

namespace TorchSharp
{
    using TorchSharp.Modules;

    public static partial class torch
    {
        public static partial class nn
        {
            public static BatchNorm2d BatchNorm2d(
                long num_features, double eps = 1e-05, double momentum = 0.1, bool affine = true, bool track_running_stats = true,
                Device? device = null, ScalarType? dtype = null) =>
                new(num_features, eps, momentum, affine, track_running_stats, device, dtype);
        }
    }
}
