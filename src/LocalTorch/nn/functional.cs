namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public enum Reduction { None = 0, Mean = 1, Sum = 2 }

        public static partial class functional
        {
            private static readonly long[] One = [1, 1], Zero = [0, 0];

            public static Tensor conv2d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? dilation = null, long groups = 1) =>
                NativeOps.One("aten::conv2d", input, weight, bias, strides ?? One, padding ?? Zero, dilation ?? One, groups);

            public static Tensor conv_transpose2d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null,
                long[]? output_padding = null, long[]? dilation = null, long groups = 1) =>
                NativeOps.One("aten::conv_transpose2d.input", input, weight, bias, strides ?? One, padding ?? Zero, output_padding ?? Zero, groups, dilation ?? One);

            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => NativeOps.One("aten::linear", input, weights, bias);

            public static Tensor batch_norm(
                Tensor input, Tensor running_mean, Tensor running_var, Tensor? weight = null, Tensor? bias = null,
                bool training = false, double momentum = 0.1, double eps = 1e-05) =>
                NativeOps.One("aten::batch_norm", input, weight, bias, running_mean, running_var, training, momentum, eps, true);

            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_() : x.relu();

            public static Tensor relu6(Tensor x, bool inplace = false) => inplace ? x.relu6_() : x.relu6();

            public static Tensor max_pool2d(
                Tensor input, long[] kernel_size, long[]? strides = null, long[]? padding = null, long[]? dilation = null, bool ceil_mode = false) =>
                NativeOps.One("aten::max_pool2d", input, kernel_size, strides ?? kernel_size, padding ?? Zero, dilation ?? [1, 1], ceil_mode);

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                inplace ? NativeOps.InPlace("aten::dropout_", input, p, training) : NativeOps.One("aten::dropout", input, p, training);

            /// <summary>Zero-pads; the pairs of <paramref name="pad"/> begin with the last dimension.</summary>
            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                mode == PaddingModes.Constant
                    ? NativeOps.One("aten::constant_pad_nd", input, pad, value)
                    : throw new NotSupportedException($"{mode} padding; LocalTorch pads with a constant");

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0) =>
                NativeOps.One("aten::cross_entropy_loss", input, target, weight, (long)reduction, ignore_index, label_smoothing);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                NativeOps.One("aten::mse_loss", input, target, (long)reduction);
        }

        public static class init
        {
            public enum FanInOut { FanIn, FanOut }

            /// <summary>Inputs and outputs that meet in one weight. // [out, in, …]</summary>
            public static (long fanIn, long fanOut) CalculateFanInAndFanOut(Tensor tensor)
            {
                long field = tensor.shape.Skip(2).Aggregate(1L, (product, size) => product * size);
                return (tensor.shape[1] * field, tensor.shape[0] * field);
            }

            /// <summary>Uniform in ±√(6 / ((1 + a²)·fan)).</summary>
            public static Tensor kaiming_uniform_(Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn)
            {
                double bound = Math.Sqrt(3) * Deviation(tensor, a, mode);
                return uniform_(tensor, -bound, bound);
            }

            /// <summary>Normal of variance 2 / ((1 + a²)·fan).</summary>
            public static Tensor kaiming_normal_(Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn) =>
                normal_(tensor, 0, Deviation(tensor, a, mode));

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1) => Write(tensor, t => t.uniform_(low, high));
            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1) => Write(tensor, t => t.normal_(mean, std));
            public static Tensor constant_(Tensor tensor, Scalar val) => Write(tensor, t => t.fill_(val));
            public static Tensor zeros_(Tensor tensor) => Write(tensor, t => t.zero_());
            public static Tensor ones_(Tensor tensor) => Write(tensor, t => t.fill_(1));

            private static double Deviation(Tensor tensor, double a, FanInOut mode)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                return Math.Sqrt(2 / (1 + a * a) / (mode == FanInOut.FanIn ? fanIn : fanOut));
            }

            private static Tensor Write(Tensor tensor, Action<Tensor> action)
            {
                using var off = no_grad();
                action(tensor);
                return tensor;
            }
        }
    }
}
