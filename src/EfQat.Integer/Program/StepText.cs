using System.Globalization;
using System.Reflection;

namespace EfQat.Integer.Program;

/// <summary>Steps as lines of text, their arrays one after another. What a record is made of is what its constructor takes.</summary>
internal sealed class StepWriter
{
    public List<byte> Integers { get; } = [];
    public List<float> Scales { get; } = [];

    public string Line(Step step) => string.Join(' ', [step.GetType().Name, .. Words(step)]);

    private IEnumerable<string> Words(string part, object value) =>
        part == nameof(Step.From) ? [value is int[] { Length: > 0 } from ? string.Join(',', from) : StepText.Nothing] : Words(value);

    private IEnumerable<string> Words(object value)
    {
        switch (value)
        {
            case IFormattable number: return [number.ToString(null, CultureInfo.InvariantCulture)];
            case string or bool: return [$"{value}"];
            case sbyte[] codes: PackedIntegers.Write(Integers, [.. codes]); break;
            case int[] integers: PackedIntegers.Write(Integers, integers); break;
            case short[] fractions: PackedIntegers.Write(Integers, [.. fractions]); break;
            case float[] scales: Scales.AddRange(scales); break;
            case Array: break;
            default: return StepText.Parts(value.GetType()).SelectMany(part => Words(part.Name!, value.GetType().GetProperty(part.Name!)!.GetValue(value)!));
        }
        var array = (Array)value;
        return [$"{array.Length}", .. array.GetType().GetElementType()!.IsPrimitive ? [] : array.Cast<object>().SelectMany(Words)];
    }
}

/// <summary>The way back.</summary>
internal sealed class StepReader(byte[] integers, float[] scales)
{
    private int integersRead, scalesRead;

    public Step Step(string line)
    {
        var words = new Queue<string>(line.Split(' '));
        string kind = Next(words);
        var step = (Step)Record(StepText.Kinds.GetValueOrDefault(kind) ?? throw new FormatException($"a step of kind '{kind}'"), words);
        return words.Count == 0 ? step : throw new FormatException($"{words.Count} words too many in '{line}'");
    }

    public void CheckEnd()
    {
        if ((integersRead, scalesRead) != (integers.Length, scales.Length))
            throw new FormatException("there are more numbers than its steps need");
    }

    private object Record(Type type, Queue<string> words) =>
        Activator.CreateInstance(type, [.. StepText.Parts(type).Select(part =>
            part.Name == nameof(Program.Step.From) ? From(Next(words)) : Value(part.ParameterType, words))])!;

    private static int[] From(string word) => word == StepText.Nothing
        ? []
        : [.. word.Split(',').Select(step => int.Parse(step, NumberStyles.None, CultureInfo.InvariantCulture))];

    private object Value(Type type, Queue<string> words)
    {
        if (type == typeof(string)) return Next(words);
        if (type.IsPrimitive) return Convert.ChangeType(Next(words), type, CultureInfo.InvariantCulture);
        if (!type.IsArray) return Record(type, words);
        int length = int.Parse(Next(words), NumberStyles.None, CultureInfo.InvariantCulture);
        if (type == typeof(sbyte[])) return Array.ConvertAll(Integers(length), number => checked((sbyte)number));
        if (type == typeof(short[])) return Array.ConvertAll(Integers(length), number => checked((short)number));
        if (type == typeof(int[])) return Integers(length);
        if (type == typeof(float[])) return scales.AsSpan((scalesRead += length) - length, length).ToArray();
        if (length > words.Count) throw new FormatException($"{length} parts in {words.Count} words");
        var array = Array.CreateInstance(type.GetElementType()!, length);
        for (int i = 0; i < length; i++) array.SetValue(Record(type.GetElementType()!, words), i);
        return array;
    }

    private int[] Integers(int length)
    {
        ReadOnlySpan<byte> rest = integers.AsSpan(integersRead);
        int[] taken = PackedIntegers.Read(ref rest, length);
        integersRead = integers.Length - rest.Length;
        return taken;
    }

    private static string Next(Queue<string> words) => words.TryDequeue(out var word) ? word : throw new FormatException("a line ends early");
}

internal static class StepText
{
    /// <summary>Where a step reads no other.</summary>
    public const string Nothing = "-";

    public static IReadOnlyDictionary<string, Type> Kinds { get; } = new[]
    {
        typeof(QuantizeInput), typeof(Convolution), typeof(Addition), typeof(Concatenation), typeof(MaxPooling), typeof(AveragePooling), typeof(Shortcut),
        typeof(LinearLogits), typeof(AverageLogits),
    }.ToDictionary(type => type.Name);

    public static ParameterInfo[] Parts(Type record) => record.GetConstructors()[0].GetParameters();
}
