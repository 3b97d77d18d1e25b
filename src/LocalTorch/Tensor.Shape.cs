namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        // Copies, types and devices.
        public Tensor clone() => NativeOps.One("aten::clone", this);
        public Tensor alias() => NativeOps.One("aten::alias", this);
        public Tensor detach() => NativeOps.One("aten::detach", this);
        public Tensor contiguous() => NativeOps.One("aten::contiguous", this);
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(NativeOps.One("aten::to.dtype", this, type, non_blocking, copy), disposeAfter);
        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(NativeOps.One("aten::to.device", this, device, dtype, non_blocking, copy), disposeAfter);
        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(NativeOps.One("aten::to.device", this, device, type, non_blocking, copy), disposeAfter);
        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);
        public Tensor type(ScalarType dtype) => to(dtype);
        public Tensor cpu() => to(CPU);
        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);
        public Tensor copy_(Tensor source, bool nonBlocking = false) => NativeOps.InPlace("aten::copy_", this, source, nonBlocking);
        public Tensor set_(Tensor source) => NativeOps.InPlace("aten::set_.source_Tensor", this, source);
        public Tensor fill_(Scalar value) => NativeOps.InPlace("aten::fill_.Scalar", this, value);
        public Tensor uniform_(double from, double to) => NativeOps.InPlace("aten::uniform_", this, from, to);
        public Tensor normal_(double mean = 0, double std = 1) => NativeOps.InPlace("aten::normal_", this, mean, std);
        public Tensor bernoulli_(double p = 0.5) => NativeOps.InPlace("aten::bernoulli_.float", this, p);

        // Shape.
        public Tensor t() => NativeOps.One("aten::t", this);
        public Tensor transpose(long dim0, long dim1) => NativeOps.One("aten::transpose.int", this, dim0, dim1);
        public Tensor permute(params long[] permutation) => NativeOps.One("aten::permute", this, permutation);
        public Tensor reshape(params long[] shape) => NativeOps.One("aten::reshape", this, shape);
        public Tensor view(params long[] shape) => NativeOps.One("aten::view", this, shape);
        public Tensor view_as(Tensor other) => view(other.shape);
        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) => NativeOps.One("aten::as_strided", this, size, strides, storageOffset);
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => NativeOps.One("aten::flatten.using_ints", this, start_dim, end_dim);
        public Tensor unsqueeze(long dim) => NativeOps.One("aten::unsqueeze", this, dim);
        public Tensor squeeze(long? dim = null) => dim is { } one ? NativeOps.One("aten::squeeze.dim", this, one) : NativeOps.One("aten::squeeze", this);
        public Tensor expand(params long[] sizes) => NativeOps.One("aten::expand", this, sizes);
        public Tensor expand_as(Tensor other) => NativeOps.One("aten::expand_as", this, other);
        public Tensor repeat(params long[] sizes) => NativeOps.One("aten::repeat", this, sizes);
        public Tensor flip(params long[] dims) => NativeOps.One("aten::flip", this, dims);
        public Tensor unfold(long dimension, long size, long step) => NativeOps.One("aten::unfold", this, dimension, size, step);
        public Tensor[] chunk(long chunks, long dim = 0) => NativeOps.Call("aten::chunk", this, chunks, dim);
        public Tensor[] split(long size, int dim = 0) => NativeOps.Call("aten::split.Tensor", this, size, (long)dim);

        // Selection.
        public Tensor select(long dim, long index) => NativeOps.One("aten::select.int", this, dim, index);
        public Tensor narrow(long dim, long start, long length) => NativeOps.One("aten::narrow", this, dim, start, length);
        public Tensor slice(long dim, long start, long finish, long step) => NativeOps.One("aten::slice.Tensor", this, dim, start, finish, step);
        public Tensor index_select(long dim, Tensor index) => NativeOps.One("aten::index_select", this, dim, index);
        public Tensor index_copy(long dim, Tensor index, Tensor source) => NativeOps.One("aten::index_copy", this, dim, index, source);
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => NativeOps.InPlace("aten::index_copy_", this, dim, index, source);
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => NativeOps.InPlace("aten::index_add_", this, dim, index, source, alpha);
        public Tensor gather(long dim, Tensor index) => NativeOps.One("aten::gather", this, dim, index);
        public Tensor scatter(long dim, Tensor index, Tensor src) => NativeOps.One("aten::scatter.src", this, dim, index, src);
        public Tensor scatter_(long dim, Tensor index, Tensor src) => NativeOps.InPlace("aten::scatter_.src", this, dim, index, src);
        public Tensor nonzero() => NativeOps.One("aten::nonzero", this);

        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index(indices).copy_(value);
        }

        /// <summary>Integers, slices, ellipsis, new axes; tensors only alone or last, as one advanced index.</summary>
        public Tensor index(params TensorIndex[] indices)
        {
            int given = indices.Count(index => index.Kind is not (TensorIndex.Kinds.Ellipsis or TensorIndex.Kinds.Null));
            var result = this;
            long dim = 0;
            foreach (var index in indices)
            {
                switch (index.Kind)
                {
                    case TensorIndex.Kinds.Single:
                        result = result.select(dim, index.Start!.Value);
                        break;
                    case TensorIndex.Kinds.Slice:
                        result = NativeOps.One("aten::slice.Tensor", result, dim++, index.Start, index.Stop, index.Step ?? 1);
                        break;
                    case TensorIndex.Kinds.Ellipsis:
                        dim += ndim - given;
                        break;
                    case TensorIndex.Kinds.Null:
                        result = result.unsqueeze(dim++);
                        break;
                    default:
                        var list = new Tensor?[dim + 1];
                        list[dim++] = index.Value;
                        result = NativeOps.One("aten::index.Tensor", result, list);
                        break;
                }
            }
            return ReferenceEquals(result, this) ? alias() : result;
        }

        private Tensor After(Tensor result, bool disposeAfter)
        {
            if (disposeAfter) Dispose();
            return result;
        }
    }

    /// <summary>One position of an index: an integer, a slice, an ellipsis, a new axis, or a tensor of indices or booleans.</summary>
    public readonly struct TensorIndex
    {
        internal enum Kinds { Single, Slice, Ellipsis, Null, Tensor }

        internal Kinds Kind { get; private init; }
        internal long? Start { get; private init; }
        internal long? Stop { get; private init; }
        internal long? Step { get; private init; }
        internal Tensor? Value { get; private init; }

        public static readonly TensorIndex Ellipsis = new() { Kind = Kinds.Ellipsis };
        public static readonly TensorIndex Null = new() { Kind = Kinds.Null };
        public static readonly TensorIndex Colon = Slice();

        public static TensorIndex Single(long? index) => new() { Kind = Kinds.Single, Start = index };
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new() { Kind = Kinds.Slice, Start = start, Stop = stop, Step = step };
        public static TensorIndex Tensor(Tensor tensor) => new() { Kind = Kinds.Tensor, Value = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex(Range range) => Slice(
            range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value,
            range.End.IsFromEnd ? range.End.Value == 0 ? null : -range.End.Value : range.End.Value);
    }
}
