using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchSharp;

/// <summary>
/// The one generic call: any operator of libtorch by its schema name ("aten::conv2d", "aten::add.Tensor"), boxed through its dispatcher,
/// so that autograd, CPU and CUDA come for free. LocalTorch only.
/// </summary>
public static unsafe class NativeOps
{
    private const int MaxResults = 256;
    private static readonly ConcurrentDictionary<string, IntPtr> Operators = new();

    internal enum Tag { None, Tensor, Int, Double, Bool, Ints, Doubles, Tensors, String }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    internal struct NativeArgument
    {
        [FieldOffset(0)] public Tag Tag;
        [FieldOffset(4)] public int Count;
        [FieldOffset(8)] public IntPtr Pointer;
        [FieldOffset(8)] public long Integer;
        [FieldOffset(8)] public double Real;
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    internal struct NativeResult
    {
        [FieldOffset(0)] public Tag Tag;
        [FieldOffset(8)] public IntPtr Tensor;
        [FieldOffset(8)] public long Integer;
        [FieldOffset(8)] public double Real;
    }

    /// <summary>One argument of an operator; whatever C# value it is given as converts by itself.</summary>
    public readonly struct Argument
    {
        private Argument(object value) => (Tag, Value) = (value switch
        {
            torch.Tensor => Tag.Tensor,
            long[] => Tag.Ints,
            double[] => Tag.Doubles,
            torch.Tensor?[] => Tag.Tensors,
            _ => Tag.String,
        }, value);

        private Argument(Tag tag, long bits) => (Tag, Bits) = (tag, bits);

        internal Tag Tag { get; }
        internal object? Value { get; }
        internal long Bits { get; }

        public static implicit operator Argument(torch.Tensor? value) => value is null ? default : new(value);
        public static implicit operator Argument(long value) => new(Tag.Int, value);
        public static implicit operator Argument(long? value) => value is { } some ? some : default(Argument);
        public static implicit operator Argument(double value) => new(Tag.Double, BitConverter.DoubleToInt64Bits(value));
        public static implicit operator Argument(bool value) => new(Tag.Bool, value ? 1 : 0);
        public static implicit operator Argument(long[]? value) => value is null ? default : new(value);
        public static implicit operator Argument(double[] value) => new(value);
        public static implicit operator Argument(torch.Tensor?[] value) => new(value);
        public static implicit operator Argument(string value) => new(Encoding.UTF8.GetBytes(value));
        public static implicit operator Argument(torch.ScalarType value) => (long)value;
        public static implicit operator Argument(torch.ScalarType? value) => (long?)value;
        public static implicit operator Argument(torch.Device? value) => value is null ? default : new(Tag.Int, value.Packed);
        public static implicit operator Argument(Scalar? value) => value is null ? default : value.Argument;

        internal int ListLength => Value switch
        {
            long[] list => list.Length,
            double[] list => list.Length,
            torch.Tensor?[] list => list.Length,
            byte[] text => text.Length,
            _ => 0,
        };
    }

    /// <summary>Whether libtorch, or a library loaded into it, has this operator.</summary>
    public static bool Exists(string name) => Find(name) != 0;

    /// <summary>Calls an operator; arguments left out at the end take the schema's defaults.</summary>
    /// <exception cref="ExternalException">libtorch refused; its message.</exception>
    public static torch.Tensor[] Call(string name, params ReadOnlySpan<Argument> arguments)
    {
        NativeResult* results = stackalloc NativeResult[MaxResults];
        int count = Invoke(name, arguments, results);
        var tensors = new torch.Tensor[count];
        for (int i = 0; i < count; i++)
            tensors[i] = Tensor(results[i])!;
        return tensors;
    }

    /// <summary>An operator with one tensor as its result.</summary>
    internal static torch.Tensor One(string name, params ReadOnlySpan<Argument> arguments)
    {
        NativeResult* results = stackalloc NativeResult[2];
        Invoke(name, arguments, results, 2);
        return Tensor(results[0])!;
    }

    /// <summary>An operator that changes its first argument, which is returned.</summary>
    internal static torch.Tensor InPlace(string name, torch.Tensor self, params ReadOnlySpan<Argument> others)
    {
        NativeResult* results = stackalloc NativeResult[2];
        Invoke(name, [self, .. others], results, 2);
        Native.lt_free(results[0].Tensor);
        return self;
    }

    internal static Scalar Item(torch.Tensor tensor)
    {
        NativeResult* results = stackalloc NativeResult[1];
        Invoke("aten::_local_scalar_dense", [tensor], results, 1);
        return results[0].Tag switch
        {
            Tag.Double => results[0].Real,
            Tag.Bool => results[0].Integer != 0,
            _ => results[0].Integer,
        };
    }

    internal static bool Truth(string name, params ReadOnlySpan<Argument> arguments)
    {
        NativeResult* results = stackalloc NativeResult[1];
        Invoke(name, arguments, results, 1);
        return results[0].Integer != 0;
    }

    private static torch.Tensor? Tensor(in NativeResult result) => result.Tensor == 0 ? null : new torch.Tensor(result.Tensor);

    private static IntPtr Find(string name) => Operators.GetOrAdd(name, static full =>
    {
        int dot = full.IndexOf('.', full.IndexOf("::", StringComparison.Ordinal) + 2);
        torch.Initialize();
        return (IntPtr)(dot < 0 ? Native.lt_operator(full, "") : Native.lt_operator(full[..dot], full[(dot + 1)..]));
    });

    private static int Invoke(string name, ReadOnlySpan<Argument> arguments, NativeResult* results, int capacity = MaxResults)
    {
        IntPtr op = Find(name);
        if (op == 0)
            throw new ExternalException($"libtorch {NativeLibraryInfo.TorchVersion} has no operator {name}");

        int listLength = 0;
        foreach (ref readonly var argument in arguments)
            listLength += argument.ListLength;
        long* lists = stackalloc long[listLength];
        NativeArgument* native = stackalloc NativeArgument[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            ref readonly var argument = ref arguments[i];
            native[i] = new NativeArgument { Tag = argument.Tag, Integer = argument.Bits };
            switch (argument.Value)
            {
                case torch.Tensor tensor:
                    native[i].Pointer = tensor.Handle;
                    continue;
                case long[] list:
                    list.CopyTo(new Span<long>(lists, list.Length));
                    break;
                case double[] list:
                    list.CopyTo(new Span<double>(lists, list.Length));
                    break;
                case torch.Tensor?[] list:
                    for (int k = 0; k < list.Length; k++)
                        lists[k] = list[k]?.Handle ?? 0;
                    break;
                case byte[] text:
                    text.CopyTo(new Span<byte>(lists, text.Length));
                    break;
                default:
                    continue;
            }
            native[i].Count = argument.ListLength;
            native[i].Pointer = (IntPtr)lists;
            lists += argument.ListLength;
        }

        int code = Native.lt_call((void*)op, native, arguments.Length, results, capacity, out int count);
        foreach (ref readonly var argument in arguments)
            GC.KeepAlive(argument.Value);
        if (code != 0 && Autograd.TakePendingException() is { } pending)
            throw pending;
        Native.Check(code);
        return count;
    }
}
