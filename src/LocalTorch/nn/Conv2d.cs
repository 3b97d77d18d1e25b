namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>A 2-d convolution, zero-padded.</summary>
    public class Conv2d : nn.Module<Tensor, Tensor>
    {
        internal Conv2d(
            long in_channels, long out_channels, (long, long) kernel, (long, long) stride, (long, long) padding, (long, long) dilation,
            long groups, bool bias, Device? device, ScalarType? dtype) : base(nameof(Conv2d))
        {
            (this.in_channels, this.out_channels, this.groups) = (in_channels, out_channels, groups);
            (kernel_size, this.stride) = ([kernel.Item1, kernel.Item2], [stride.Item1, stride.Item2]);
            (this.padding, this.dilation) = ([padding.Item1, padding.Item2], [dilation.Item1, dilation.Item2]);
            weight = new Parameter(empty([out_channels, in_channels / groups, kernel.Item1, kernel.Item2], dtype, device));
            nn.init.kaiming_uniform_(weight, Math.Sqrt(5));
            register_parameter(nameof(weight), weight);
            if (!bias) return;
            this.bias = new Parameter(empty(out_channels, dtype, device));
            double bound = 1 / Math.Sqrt(nn.init.CalculateFanInAndFanOut(weight).fanIn);
            nn.init.uniform_(this.bias, -bound, bound);
            register_parameter(nameof(bias), this.bias);
        }

        public Parameter weight { get; set; }
        public Parameter? bias { get; set; }
        public long in_channels { get; }
        public long out_channels { get; }
        public long groups { get; set; }
        public long[] kernel_size { get; set; }
        public long[] stride { get; set; }
        public long[]? padding { get; }
        public long[] dilation { get; set; }

        public override Tensor forward(Tensor input) => nn.functional.conv2d(input, weight, bias, stride, padding, dilation, groups);

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
            public static Conv2d Conv2d(
                long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                Conv2d(in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), (dilation, dilation), padding_mode, groups, bias, device, dtype);

            public static Conv2d Conv2d(
                long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null,
                (long, long)? dilation = null, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true,
                Device? device = null, ScalarType? dtype = null) =>
                padding_mode == PaddingModes.Zeros
                    ? new(in_channels, out_channels, kernel_size, stride ?? (1, 1), padding ?? (0, 0), dilation ?? (1, 1), groups, bias, device, dtype)
                    : throw new NotSupportedException($"{padding_mode} padding; LocalTorch pads with zeros");
        }
    }

    public enum PaddingModes { Zeros, Reflect, Replicate, Circular, Constant }
}
