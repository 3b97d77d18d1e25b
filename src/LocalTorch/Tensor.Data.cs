using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        /// <summary>The numbers, read and written in place on a CPU tensor.</summary>
        public TensorAccessor<T> data<T>() where T : unmanaged => new(this);

        /// <summary>The raw bytes of a contiguous CPU tensor, in place.</summary>
        public Span<byte> bytes
        {
            get => new(DataPointer(), checked((int)(numel() * element_size())));
            set => value.CopyTo(bytes);
        }

        /// <summary>The one number of a tensor of one element.</summary>
        public T item<T>() where T : unmanaged
        {
            if (numel() != 1)
                throw new ArgumentException($"item() needs a tensor of one element, this one has shape [{string.Join(", ", shape)}]");
            using var value = detach();
            var scalar = NativeOps.Item(value);
            return (T)Convert.ChangeType(
                scalar.Type is ScalarType.Float64 ? scalar.Real : scalar.Type is ScalarType.Bool ? scalar.Integer != 0 : (object)scalar.Integer,
                typeof(T), CultureInfo.InvariantCulture);
        }

        public Scalar ToScalar() => NativeOps.Item(this);

        internal void* DataPointer()
        {
            if (device_type != DeviceType.CPU)
                throw new InvalidOperationException($"reading the numbers of a tensor on {device}; move it with .cpu() first");
            if (!is_contiguous())
                throw new InvalidOperationException("reading the numbers of a tensor that is not contiguous; call .contiguous() first");
            return Keep((IntPtr)Native.lt_data(Handle)).ToPointer();
        }

        public override string ToString() =>
            IsInvalid ? "disposed tensor" : $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";
    }
}

/// <summary>A CPU tensor's numbers as a list, in the order of its shape.</summary>
public sealed unsafe class TensorAccessor<T> : IReadOnlyList<T>, IDisposable where T : unmanaged
{
    private readonly torch.Tensor tensor;
    private readonly T* pointer;
    private readonly long[] shape, stride;

    internal TensorAccessor(torch.Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU)
            throw new InvalidOperationException($"reading the numbers of a tensor on {tensor.device}; move it with .cpu() first");
        if (tensor.element_size() != Unsafe.SizeOf<T>() || tensor.is_floating_point() != (typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half)))
            throw new ArgumentException($"the tensor holds {tensor.dtype}, not {typeof(T).Name}; convert it with .to(...) first");
        this.tensor = tensor;
        (shape, stride, Count) = (tensor.shape, tensor.stride(), tensor.numel());
        pointer = (T*)Native.lt_data(tensor.Handle);
    }

    public long Count { get; }
    int IReadOnlyCollection<T>.Count => checked((int)Count);

    public T this[params long[] indices]
    {
        get
        {
            T value = pointer[Offset(indices)];
            GC.KeepAlive(tensor);
            return value;
        }
        set
        {
            pointer[Offset(indices)] = value;
            GC.KeepAlive(tensor);
        }
    }

    T IReadOnlyList<T>.this[int index] => this[Unravel(index)];

    public T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array.AsSpan());
        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        long count = Count - tensorIndex;
        using var dense = tensor.is_contiguous() ? null : torch.DetachedContiguous(tensor);
        var source = (T*)(dense is null ? pointer : Native.lt_data(dense.Handle));
        new ReadOnlySpan<T>(source + tensorIndex, checked((int)count)).CopyTo(array[arrayIndex..]);
        GC.KeepAlive(tensor);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        if (!tensor.is_contiguous())
            throw new InvalidOperationException("writing into a tensor that is not contiguous; call .contiguous() first");
        int count = (int)Math.Min(array.Length - arrayIndex, Count - tensorIndex);
        array.Slice(arrayIndex, count).CopyTo(new Span<T>(pointer + tensorIndex, count));
        GC.KeepAlive(tensor);
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    public void Dispose() { }

    private long Offset(long[] indices)
    {
        if (indices.Length == 1 && shape.Length != 1) indices = Unravel(indices[0]);
        if (indices.Length != shape.Length)
            throw new ArgumentException($"{indices.Length} indices for a tensor of {shape.Length} dimensions");
        long offset = 0;
        for (int i = 0; i < indices.Length; i++)
        {
            if ((ulong)indices[i] >= (ulong)shape[i])
                throw new IndexOutOfRangeException($"index {indices[i]} in dimension {i} of size {shape[i]}");
            offset += indices[i] * stride[i];
        }
        return offset;
    }

    private long[] Unravel(long index)
    {
        var indices = new long[shape.Length];
        for (int i = shape.Length - 1; i >= 0; i--)
            (index, indices[i]) = Math.DivRem(index, shape[i]);
        return indices;
    }
}
