namespace TorchSharp;

public enum DeviceType { CPU = 0, CUDA = 1, MPS = 13, META = 14 }

public static partial class torch
{
    public enum ScalarType : sbyte
    {
        Byte = 0, Int8 = 1, Int16 = 2, Int32 = 3, Int64 = 4, Float16 = 5, Float32 = 6, Float64 = 7,
        ComplexFloat32 = 9, ComplexFloat64 = 10, Bool = 11, QInt8 = 12, QUInt8 = 13, QInt32 = 14, BFloat16 = 15,
    }

    public static readonly ScalarType uint8 = ScalarType.Byte;
    public static readonly ScalarType int8 = ScalarType.Int8;
    public static readonly ScalarType int16 = ScalarType.Int16;
    public static readonly ScalarType int32 = ScalarType.Int32;
    public static readonly ScalarType int64 = ScalarType.Int64;
    public static readonly ScalarType float16 = ScalarType.Float16;
    public static readonly ScalarType float32 = ScalarType.Float32;
    public static readonly ScalarType float64 = ScalarType.Float64;
    public static readonly ScalarType bfloat16 = ScalarType.BFloat16;
    public static readonly ScalarType @bool = ScalarType.Bool;

    public static readonly Device CPU = new(DeviceType.CPU);
    public static Device CUDA { get; } = new(DeviceType.CUDA);

    public static Device device(string description) => new(description);
    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    /// <summary>Where a tensor lives: "cpu", "cuda", "cuda:1".</summary>
    public sealed class Device
    {
        public Device(DeviceType deviceType, int index = -1) => (type, this.index) = (deviceType, index);

        public Device(string description)
        {
            var parts = description.Split(':');
            if (!Enum.TryParse(parts[0], ignoreCase: true, out DeviceType kind) || parts.Length > 2)
                throw new ArgumentException($"'{description}' is no device; use cpu, cuda or cuda:0", nameof(description));
            (type, index) = (kind, parts.Length > 1 ? int.Parse(parts[1]) : -1);
        }

        internal Device(long packed) : this((DeviceType)(packed >> 32), (int)packed) { }

        public DeviceType type { get; }
        public int index { get; }

        internal long Packed => ((long)type << 32) | (uint)index;

        public static implicit operator Device(string description) => new(description);

        public override string ToString() => index < 0 ? type.ToString().ToLowerInvariant() : $"{type.ToString().ToLowerInvariant()}:{index}";
    }

    public static class cuda
    {
        public static bool is_available() => device_count() > 0;

        public static int device_count()
        {
            Initialize();
            return Native.lt_cuda_count();
        }

        public static void synchronize(Device? device = null) => Native.Check(Native.lt_cuda_synchronize(device?.index ?? -1));
    }
}
