namespace TorchSharp;

public static partial class torch
{
    public enum RoundingMode { None, trunc, floor }

    public partial class Tensor
    {
        private static string? Mode(RoundingMode mode) => mode == RoundingMode.None ? null : mode.ToString();

        // Element by element.
        public Tensor abs() => NativeOps.One("aten::abs", this);
        public Tensor neg() => NativeOps.One("aten::neg", this);
        public Tensor sqrt() => NativeOps.One("aten::sqrt", this);
        public Tensor rsqrt() => NativeOps.One("aten::rsqrt", this);
        public Tensor exp() => NativeOps.One("aten::exp", this);
        public Tensor log() => NativeOps.One("aten::log", this);
        public Tensor square() => NativeOps.One("aten::square", this);
        public Tensor relu() => NativeOps.One("aten::relu", this);
        public Tensor relu6() => NativeOps.One("aten::relu6", this);
        public Tensor sigmoid() => NativeOps.One("aten::sigmoid", this);
        public Tensor tanh() => NativeOps.One("aten::tanh", this);
        public Tensor floor() => NativeOps.One("aten::floor", this);
        public Tensor ceil() => NativeOps.One("aten::ceil", this);
        public Tensor sign() => NativeOps.One("aten::sign", this);
        public Tensor isnan() => NativeOps.One("aten::isnan", this);
        public Tensor isfinite() => NativeOps.One("aten::isfinite", this);
        public Tensor isinf() => NativeOps.One("aten::isinf", this);
        public Tensor logical_not() => NativeOps.One("aten::logical_not", this);
        public Tensor reciprocal() => NativeOps.One("aten::reciprocal", this);
        public Tensor log2() => NativeOps.One("aten::log2", this);
        public Tensor exp2() => NativeOps.One("aten::exp2", this);
        public Tensor trunc() => NativeOps.One("aten::trunc", this);
        public Tensor frac() => NativeOps.One("aten::frac", this);
        public Tensor erf() => NativeOps.One("aten::erf", this);
        public Tensor relu_() => NativeOps.InPlace("aten::relu_", this);
        public Tensor relu6_() => NativeOps.InPlace("aten::relu6_", this);
        public Tensor abs_() => NativeOps.InPlace("aten::abs_", this);
        public Tensor neg_() => NativeOps.InPlace("aten::neg_", this);
        public Tensor sqrt_() => NativeOps.InPlace("aten::sqrt_", this);
        public Tensor exp_() => NativeOps.InPlace("aten::exp_", this);
        public Tensor log_() => NativeOps.InPlace("aten::log_", this);
        public Tensor floor_() => NativeOps.InPlace("aten::floor_", this);
        public Tensor ceil_() => NativeOps.InPlace("aten::ceil_", this);
        public Tensor zero_() => NativeOps.InPlace("aten::zero_", this);
        public Tensor detach_() => NativeOps.InPlace("aten::detach_", this);
        public Tensor sigmoid_() => NativeOps.InPlace("aten::sigmoid_", this);
        public Tensor reciprocal_() => NativeOps.InPlace("aten::reciprocal_", this);
        public Tensor round(long decimals = 0) => decimals == 0 ? NativeOps.One("aten::round", this) : NativeOps.One("aten::round.decimals", this, decimals);
        public Tensor round_(long decimals = 0) => decimals == 0 ? NativeOps.InPlace("aten::round_", this) : NativeOps.InPlace("aten::round_.decimals", this, decimals);

        // Arithmetic.
        public Tensor add(Tensor target) => NativeOps.One("aten::add.Tensor", this, target);
        public Tensor add(Scalar scalar) => NativeOps.One("aten::add.Scalar", this, scalar);
        public Tensor add_(Tensor target) => NativeOps.InPlace("aten::add_.Tensor", this, target);
        public Tensor add_(Scalar scalar) => NativeOps.InPlace("aten::add_.Scalar", this, scalar);
        public Tensor sub(Tensor target) => NativeOps.One("aten::sub.Tensor", this, target);
        public Tensor sub(Scalar target) => NativeOps.One("aten::sub.Scalar", this, target);
        public Tensor sub_(Tensor target) => NativeOps.InPlace("aten::sub_.Tensor", this, target);
        public Tensor sub_(Scalar target) => NativeOps.InPlace("aten::sub_.Scalar", this, target);
        public Tensor add(Tensor target, Scalar alpha) => NativeOps.One("aten::add.Tensor", this, target, alpha);
        public Tensor add_(Tensor target, Scalar alpha) => NativeOps.InPlace("aten::add_.Tensor", this, target, alpha);
        public Tensor mul(Tensor target) => NativeOps.One("aten::mul.Tensor", this, target);
        public Tensor mul(Scalar target) => NativeOps.One("aten::mul.Scalar", this, target);
        public Tensor mul_(Tensor target) => NativeOps.InPlace("aten::mul_.Tensor", this, target);
        public Tensor mul_(Scalar target) => NativeOps.InPlace("aten::mul_.Scalar", this, target);
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Mode(rounding_mode) is { } mode ? NativeOps.One("aten::div.Tensor_mode", this, target, mode) : NativeOps.One("aten::div.Tensor", this, target);
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Mode(rounding_mode) is { } mode ? NativeOps.InPlace("aten::div_.Tensor_mode", this, target, mode) : NativeOps.InPlace("aten::div_.Tensor", this, target);
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Mode(rounding_mode) is { } mode ? NativeOps.One("aten::div.Scalar_mode", this, target, mode) : NativeOps.One("aten::div.Scalar", this, target);
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Mode(rounding_mode) is { } mode ? NativeOps.InPlace("aten::div_.Scalar_mode", this, target, mode) : NativeOps.InPlace("aten::div_.Scalar", this, target);
        public Tensor pow(Scalar exponent) => NativeOps.One("aten::pow.Tensor_Scalar", this, exponent);
        public Tensor pow(Tensor exponent) => NativeOps.One("aten::pow.Tensor_Tensor", this, exponent);
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => NativeOps.InPlace("aten::addcmul_", this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => NativeOps.InPlace("aten::addcdiv_", this, tensor1, tensor2, value);
        public Tensor lerp_(Tensor end, Tensor weight) => NativeOps.InPlace("aten::lerp_.Tensor", this, end, weight);
        public Tensor maximum(Tensor other) => NativeOps.One("aten::maximum", this, other);
        public Tensor minimum(Tensor other) => NativeOps.One("aten::minimum", this, other);
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => NativeOps.One("aten::clamp", this, min, max);
        public Tensor clamp(Tensor? min = null, Tensor? max = null) => NativeOps.One("aten::clamp.Tensor", this, min, max);
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => NativeOps.InPlace("aten::clamp_", this, min, max);
        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => NativeOps.InPlace("aten::clamp_.Tensor", this, min, max);
        public Tensor clamp_min(Scalar min) => NativeOps.One("aten::clamp_min", this, min);
        public Tensor clamp_max(Scalar max) => NativeOps.One("aten::clamp_max", this, max);

        // Comparison.
        public Tensor eq(Tensor target) => NativeOps.One("aten::eq.Tensor", this, target);
        public Tensor eq(Scalar target) => NativeOps.One("aten::eq.Scalar", this, target);
        public Tensor ne(Tensor target) => NativeOps.One("aten::ne.Tensor", this, target);
        public Tensor ne(Scalar target) => NativeOps.One("aten::ne.Scalar", this, target);
        public Tensor lt(Tensor target) => NativeOps.One("aten::lt.Tensor", this, target);
        public Tensor lt(Scalar target) => NativeOps.One("aten::lt.Scalar", this, target);
        public Tensor le(Tensor target) => NativeOps.One("aten::le.Tensor", this, target);
        public Tensor le(Scalar target) => NativeOps.One("aten::le.Scalar", this, target);
        public Tensor gt(Tensor target) => NativeOps.One("aten::gt.Tensor", this, target);
        public Tensor gt(Scalar target) => NativeOps.One("aten::gt.Scalar", this, target);
        public Tensor ge(Tensor target) => NativeOps.One("aten::ge.Tensor", this, target);
        public Tensor ge(Scalar target) => NativeOps.One("aten::ge.Scalar", this, target);
        public Tensor logical_and(Tensor other) => NativeOps.One("aten::logical_and", this, other);
        public Tensor logical_or(Tensor other) => NativeOps.One("aten::logical_or", this, other);
        public Tensor where(Tensor condition, Tensor y) => NativeOps.One("aten::where.self", condition, this, y);
        public Tensor masked_fill(Tensor mask, Scalar value) => NativeOps.One("aten::masked_fill.Scalar", this, mask, value);
        public Tensor masked_fill_(Tensor mask, Scalar value) => NativeOps.InPlace("aten::masked_fill_.Scalar", this, mask, value);
        public Tensor masked_select(Tensor mask) => NativeOps.One("aten::masked_select", this, mask);
        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) => NativeOps.Truth("aten::allclose", this, target, rtol, atol, equal_nan);
        public bool Equals(Tensor target) => NativeOps.Truth("aten::equal", this, target);

        /// <summary>As <see cref="eq(Tensor)"/>, element by element; <see cref="Equals(Tensor)"/> compares as a whole.</summary>
        public Tensor equal(Tensor target) => eq(target);

        public static Tensor operator -(Tensor tensor) => tensor.neg();
        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);
        public static Tensor operator +(Scalar left, Tensor right) => right.add(left);
        public static Tensor operator *(Scalar left, Tensor right) => right.mul(left);
        public static Tensor operator -(Scalar left, Tensor right) => NativeOps.One("aten::rsub.Scalar", right, left);
        public static Tensor operator /(Scalar left, Tensor right) => right.reciprocal().mul(left);
        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);
        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);
        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);
        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);
        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);
        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);
        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);
        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);
        public static Tensor operator &(Tensor left, Tensor right) => NativeOps.One("aten::bitwise_and.Tensor", left, right);
        public static Tensor operator |(Tensor left, Tensor right) => NativeOps.One("aten::bitwise_or.Tensor", left, right);
        public static Tensor operator ~(Tensor left) => NativeOps.One("aten::bitwise_not", left);

        // Reductions.
        public Tensor sum(ScalarType? type = null) => NativeOps.One("aten::sum", this, type);
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => NativeOps.One("aten::sum.dim_IntList", this, dim, keepdim, type);
        public Tensor mean() => NativeOps.One("aten::mean", this);
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => NativeOps.One("aten::mean.dim", this, dimensions, keepdim, type);
        public Tensor std(bool unbiased = true) => NativeOps.One("aten::std", this, unbiased);
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => NativeOps.One("aten::std.dim", this, dimensions, unbiased, keepdim);
        public Tensor var(bool unbiased = true) => NativeOps.One("aten::var", this, unbiased);
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => NativeOps.One("aten::var.dim", this, dimensions, unbiased, keepdim);
        public Tensor amax(params long[] dims) => NativeOps.One("aten::amax", this, dims);
        public Tensor amax(long[] dims, bool keepdim = false) => NativeOps.One("aten::amax", this, dims, keepdim);
        public Tensor amin(params long[] dims) => NativeOps.One("aten::amin", this, dims);
        public Tensor amin(long[] dims, bool keepdim = false) => NativeOps.One("aten::amin", this, dims, keepdim);
        public Tensor max() => NativeOps.One("aten::max", this);
        public Tensor max(Tensor other) => NativeOps.One("aten::max.other", this, other);
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Pair(NativeOps.Call("aten::max.dim", this, dim, keepdim));
        public Tensor min() => NativeOps.One("aten::min", this);
        public Tensor min(Tensor other) => NativeOps.One("aten::min.other", this, other);
        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => Pair(NativeOps.Call("aten::min.dim", this, dim, keepdim));
        public Tensor argmax() => NativeOps.One("aten::argmax", this);
        public Tensor argmax(long dim, bool keepdim = false) => NativeOps.One("aten::argmax", this, dim, keepdim);
        public Tensor argmin() => NativeOps.One("aten::argmin", this);
        public Tensor argmin(long dim, bool keepdim = false) => NativeOps.One("aten::argmin", this, dim, keepdim);
        public Tensor any() => NativeOps.One("aten::any", this);
        public Tensor any(long dim, bool keepdim = false) => NativeOps.One("aten::any.dim", this, dim, keepdim);
        public Tensor all() => NativeOps.One("aten::all", this);
        public Tensor all(long dim, bool keepdim = false) => NativeOps.One("aten::all.dim", this, dim, keepdim);
        public (Tensor min, Tensor max) aminmax(long? dim = null, bool keepdim = false) => Pair(NativeOps.Call("aten::aminmax", this, dim, keepdim));
        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) => Pair(NativeOps.Call("aten::topk", this, (long)k, (long)dim, largest, sorted));
        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) => Pair(NativeOps.Call("aten::sort.stable", this, stable, dim, descending));
        public Tensor cumsum(long dim, ScalarType? type = null) => NativeOps.One("aten::cumsum", this, dim, type);
        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => NativeOps.One("aten::quantile", this, q, dim, keepdim);
        public Tensor histc(long bins = 100, long min = 0, long max = 0) => NativeOps.One("aten::histc", this, bins, (double)min, (double)max);
        public Tensor count_nonzero(long[]? dims = null) => dims is null ? NativeOps.One("aten::count_nonzero", this) : NativeOps.One("aten::count_nonzero.dim_IntList", this, dims);
        public Tensor norm(float p = 2) => NativeOps.One("aten::norm.Scalar", this, p);
        public Tensor norm(int dim, bool keepdim = false, float p = 2) => NativeOps.One("aten::norm.ScalarOpt_dim", this, p, new long[] { dim }, keepdim);
        public Tensor softmax(long dim, ScalarType? dtype = null) => NativeOps.One("aten::softmax.int", this, dim, dtype);
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => NativeOps.One("aten::log_softmax.int", this, dim, dtype);

        // Matrix products.
        public Tensor matmul(Tensor target) => NativeOps.One("aten::matmul", this, target);
        public Tensor mm(Tensor target) => NativeOps.One("aten::mm", this, target);
        public Tensor bmm(Tensor batch2) => NativeOps.One("aten::bmm", this, batch2);
        public Tensor dot(Tensor target) => NativeOps.One("aten::dot", this, target);

        private static (Tensor, Tensor) Pair(Tensor[] results) => (results[0], results[1]);
    }
}
