using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace EfQat.Weights;

/// <summary>
/// The part of Python's pickle language (protocols 2 to 4; https://docs.python.org/3/library/pickletools.html) that states data: numbers, texts,
/// containers, and PyTorch's tensors. Nothing is executed: a name is either one of <see cref="PickleGlobal"/>'s or refused. Lists are
/// List&lt;object?&gt;, tuples object?[], dictionaries <see cref="PickledDict"/>, whole numbers long or BigInteger.
/// </summary>
internal sealed class PickleReader(Stream input)
{
    private const int MaxSteps = 2_000_000;

    private static readonly object Mark = new();

    private readonly List<object?> stack = [], memo = [];

    /// <summary>The storages that tensors were built on, by key.</summary>
    public Dictionary<string, PickledStorage> Storages { get; } = [];

    /// <summary>Reads one pickle and stops behind it.</summary>
    /// <exception cref="InvalidDataException">It is damaged, too long, or asks for more than data.</exception>
    public object? Read()
    {
        stack.Clear();
        memo.Clear();
        for (int step = 0; step < MaxSteps; step++)
        {
            char code = (char)Byte();
            if (code == '.') return Pop<object?>();
            Execute(code);
        }
        throw new InvalidDataException($"its pickle has more than {MaxSteps:N0} steps");
    }

    private void Execute(char code)
    {
        switch (code)
        {
            case '\x80': if (Byte() is var protocol and > 4) throw new InvalidDataException($"pickle protocol {protocol} is not read"); break;
            case '\x95': Take(8); break; // a frame's length
            case '(': stack.Add(Mark); break;
            case '0': Pop<object?>(); break;
            case '1': PopMark(); break;
            case '2': Push(Top<object?>()); break;

            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'K': Push((long)Byte()); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 'J': Push((long)Int32()); break;
            case '\x8a': Push(Integer(Take(Byte()))); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;

            case 'U': Push(Encoding.Latin1.GetString(Take(Byte()))); break; // a str of Python 2
            case 'T': Push(Encoding.Latin1.GetString(Take(Int32()))); break;
            case '\x8c': Push(Encoding.UTF8.GetString(Take(Byte()))); break;
            case 'X': Push(Encoding.UTF8.GetString(Take((uint)Int32()))); break;
            case '\x8d': Push(Encoding.UTF8.GetString(Take(Int64()))); break;
            case 'C': Push(Take(Byte())); break;
            case 'B': Push(Take((uint)Int32())); break;
            case '\x8e': Push(Take(Int64())); break;

            case ')': Push(Array.Empty<object?>()); break;
            case '\x85' or '\x86' or '\x87': Push(PopLast(code - '\x84')); break;
            case 't' or '\x91': Push(PopMark()); break; // a frozen set is read as a tuple
            case ']' or '\x8f': Push(new List<object?>()); break; // a set is read as a list
            case 'l': Push(PopMark().ToList()); break;
            case 'a' when Pop<object?>() is var item: Top<List<object?>>().Add(item); break;
            case 'e' or '\x90' when PopMark() is var items: Top<List<object?>>().AddRange(items); break;
            case '}': Push(new PickledDict()); break;
            case 'd' when PopMark() is var items: Push(new PickledDict()); SetItems(items); break;
            case 's' when PopLast(2) is var items: SetItems(items); break;
            case 'u' when PopMark() is var items: SetItems(items); break;

            case 'q': Remember(Byte()); break;
            case 'r': Remember((uint)Int32()); break;
            case '\x94': Remember(memo.Count); break;
            case 'h': Push(Recall(Byte())); break;
            case 'j': Push(Recall((uint)Int32())); break;

            case 'c': Push(PickleGlobal.Find(Line(), Line())); break;
            case '\x93' when Pop<string>() is var name: Push(PickleGlobal.Find(Pop<string>(), name)); break;
            case 'R' when Pop<object?[]>() is var arguments: Push(Pop<PickleGlobal>().Call(arguments)); break;
            case 'b' when Pop<object?>() is var _ && Top<object?>() is PickledDict: break; // attributes of an OrderedDict, such as _metadata
            case 'Q': Push(Storage(Pop<object?[]>())); break;
            default:
                throw new InvalidDataException(
                    $"opcode 0x{(int)code:x2} of its pickle would build objects, or is unknown: only tensors and plain containers are read");
        }
    }

    /// <summary>('storage', its class, its key, a device, how many numbers), and in old files which part of another storage it is.</summary>
    private PickledStorage Storage(object?[] id)
    {
        if (id is not ["storage", PickleGlobal type, string key, _, long and >= 0 and var count, .. var view] || view is not ([] or [null])
            || !PickleGlobal.Storages.TryGetValue(type.Name, out var element))
            throw new InvalidDataException("a reference in its pickle names no storage of numbers");
        var storage = new PickledStorage(key, element, (long)count!);
        if (Storages.TryGetValue(key, out var before) && before != storage)
            throw new InvalidDataException("two storages have one key");
        return Storages[key] = storage;
    }

    private void SetItems(object?[] items)
    {
        if (items.Length % 2 != 0) throw Damaged();
        var dictionary = Top<PickledDict>();
        for (int i = 0; i < items.Length; i += 2) dictionary.Items.Add((items[i], items[i + 1]));
    }

    private void Push(object? value) => stack.Add(value);

    private T Top<T>() => stack is [.., var last] && last != Mark && (last is T || last is null && typeof(T) == typeof(object))
        ? (T)last!
        : throw Damaged();

    private T Pop<T>()
    {
        var last = Top<T>();
        stack.RemoveAt(stack.Count - 1);
        return last;
    }

    private object?[] PopMark()
    {
        int mark = stack.FindLastIndex(value => ReferenceEquals(value, Mark));
        if (mark < 0) throw Damaged();
        var items = PopLast(stack.Count - mark - 1);
        stack.RemoveAt(mark);
        return items;
    }

    private object?[] PopLast(int count)
    {
        int first = stack.Count - count;
        if (first < 0 || stack.FindIndex(first, value => ReferenceEquals(value, Mark)) >= 0) throw Damaged();
        object?[] items = [.. stack[first..]];
        stack.RemoveRange(first, count);
        return items;
    }

    // Python numbers what it remembers in order, Python 2 from 1 on.
    private void Remember(long index)
    {
        if (index > memo.Count + 1) throw Damaged();
        while (index >= memo.Count) memo.Add(null);
        memo[(int)index] = Top<object?>();
    }

    private object? Recall(long index) => index < memo.Count ? memo[(int)index] : throw Damaged();

    private string Line()
    {
        var line = new StringBuilder();
        while (Byte() is var next && next != '\n')
            line.Append(line.Length < 1000 ? (char)next : throw Damaged());
        return line.ToString();
    }

    private static object Integer(byte[] bytes) => bytes.Length > sizeof(long) ? new BigInteger(bytes) : (object)(long)new BigInteger(bytes);

    private byte Byte() => input.ReadByte() is >= 0 and var value ? (byte)value : throw Damaged();

    private int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    private long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    private byte[] Take(long count)
    {
        if (count < 0 || count > input.Length - input.Position) throw Damaged();
        var bytes = new byte[count];
        input.ReadExactly(bytes);
        return bytes;
    }

    private static InvalidDataException Damaged() => new("its pickle is damaged");
}
