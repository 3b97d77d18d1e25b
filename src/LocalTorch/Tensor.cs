using System.Runtime.InteropServices;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Owns one native <c>at::Tensor</c>. Disposed by hand, by the surrounding <see cref="DisposeScope"/>, or by the finalizer, from any thread.</summary>
    public unsafe partial class Tensor : IDisposable
    {
        private static long totalCount, peakCount;
        private IntPtr handle;

        internal Tensor(IntPtr handle, bool scoped = true)
        {
            this.handle = handle;
            long now = Interlocked.Increment(ref totalCount);
            for (long peak = peakCount; now > peak && Interlocked.CompareExchange(ref peakCount, now, peak) != peak; peak = peakCount) { }
            if (scoped) DisposeScope.Current?.Add(this);
        }

        ~Tensor() => Dispose(false);

        /// <summary>Live <see cref="Tensor"/> objects of this process.</summary>
        public static long TotalCount => Interlocked.Read(ref totalCount);

        /// <summary>The most that were live at once.</summary>
        public static long PeakCount => Interlocked.Read(ref peakCount);

        internal DisposeScope? Scope { get; set; }

        /// <summary>The native <c>at::Tensor*</c>.</summary>
        /// <exception cref="ObjectDisposedException">The tensor was disposed, most likely with its scope.</exception>
        public IntPtr Handle => handle != 0 ? handle : throw new ObjectDisposedException(
            nameof(Tensor), "the tensor was disposed; move it out of its dispose scope if it has to live longer");

        public bool IsInvalid => handle == 0;

        public static Tensor UnsafeCreateTensor(IntPtr handle) => new(handle);

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            if (disposing) Scope?.Remove(this);
            IntPtr owned = Interlocked.Exchange(ref handle, 0);
            if (owned == 0) return;
            Native.lt_free(owned);
            Interlocked.Decrement(ref totalCount);
        }

        /// <summary>Takes the native tensor away from this object, which is then invalid.</summary>
        public IntPtr DecoupleFromNativeHandle()
        {
            Scope?.Remove(this);
            GC.SuppressFinalize(this);
            Interlocked.Decrement(ref totalCount);
            return Interlocked.Exchange(ref handle, 0);
        }

        public Tensor MoveToOuterDisposeScope()
        {
            Scope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            Scope?.Detach(this);
            return this;
        }

        /// <summary>Another handle of the same tensor, outside every scope.</summary>
        internal Tensor AliasUnscoped() => new(Native.lt_alias(Handle), scoped: false);

        public long ndim => Keep(Native.lt_dim(Handle));
        public long dim() => ndim;
        public long Dimensions => ndim;
        public long numel() => Keep(Native.lt_numel(Handle));
        public long NumberOfElements => numel();
        public long element_size() => Keep(Native.lt_element_size(Handle));
        public long ElementSize => element_size();
        public long storage_offset() => Keep(Native.lt_storage_offset(Handle));
        public ScalarType dtype => (ScalarType)Keep(Native.lt_scalar_type(Handle));
        public Device device => new(Keep(Native.lt_device(Handle)));
        public DeviceType device_type => device.type;
        public int device_index => device.index;
        public bool is_cuda => device_type == DeviceType.CUDA;
        public bool is_cpu() => device_type == DeviceType.CPU;
        public bool is_leaf => Keep(Native.lt_is_leaf(Handle)) != 0;
        public bool is_contiguous() => Keep(Native.lt_is_contiguous(Handle, 0)) != 0;
        public bool is_floating_point() => dtype is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
        public bool is_integral() => dtype is ScalarType.Byte or ScalarType.Int8 or ScalarType.Int16 or ScalarType.Int32 or ScalarType.Int64;

        public long[] shape
        {
            get
            {
                var sizes = new long[ndim];
                fixed (long* to = sizes) Native.lt_sizes(Handle, to);
                return Keep(sizes);
            }
        }

        public long[] size() => shape;
        public long size(int dim) => shape[dim < 0 ? dim + (int)ndim : dim];

        public long[] stride()
        {
            var strides = new long[ndim];
            fixed (long* to = strides) Native.lt_strides(Handle, to);
            return Keep(strides);
        }

        public long stride(int dim) => stride()[dim < 0 ? dim + (int)ndim : dim];

        public bool requires_grad
        {
            get => Keep(Native.lt_requires_grad(Handle)) != 0;
            set => Native.Check(Keep(Native.lt_set_requires_grad(Handle, value ? 1 : 0)));
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        /// <summary>The accumulated gradient, or null.</summary>
        public Tensor? grad
        {
            get => Keep(Native.lt_grad(Handle)) is var found && found != 0 ? new Tensor(found) : null;
            set
            {
                Native.Check(Keep(Native.lt_set_grad(Handle, value?.Handle ?? 0)));
                GC.KeepAlive(value);
            }
        }

        /// <summary>Exchanges the data under every handle of this tensor. LocalTorch only: TorchSharp reaches it through set_.</summary>
        internal void SetData(Tensor data)
        {
            Native.Check(Keep(Native.lt_set_data(Handle, data.Handle)));
            GC.KeepAlive(data);
        }

        /// <summary>A finalizer on another thread must not free this tensor while native code reads it.</summary>
        private T Keep<T>(T value)
        {
            GC.KeepAlive(this);
            return value;
        }
    }
}

public enum memory_format { preserve_format, contiguous_format, channels_last }
