using System.Globalization;
using System.Reflection;

namespace EfQat.Integer.Program;

/// <summary>Steps as lines of text, their arrays one after another. What a record is made of is what its constructor takes.</summary>
internal sealed class StepWriter
{
    public List<sbyte> Weights { get; } = [];
    public List<int> Integers { get; } = [];
    public List<short> Fractions { get; } = [];
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
            case sbyte[] codes: Weights.AddRange(codes); break;
            case int[] integers: Integers.AddRange(integers); break;
            case short[] fractions: Fractions.AddRange(fractions); break;
            case float[] scales: Scales.AddRange(scales); break;
            case Array: break;
            default: return StepText.Parts(value.GetType()).SelectMany(part => Words(part.Name!, value.GetType().GetProperty(part.Name!)!.GetValue(value)!));
        }
        var array = (Array)value;
        return [$"{array.Length}", .. array.GetType().GetElementType()!.IsPrimitive ? [] : array.Cast<object>().SelectMany(Words)];
    }
}

/// <summary>The way back.</summary>
internal sealed class StepReader(sbyte[] weights, int[] integers, short[] fractions, float[] scales)
{
    private int weightsRead, integersRead, fractionsRead, scalesRead;

    public Step Step(string line)
    {
        var words = new Queue<string>(line.Split(' '));
        string kind = Next(words);
        var step = (Step)Record(StepText.Kinds.GetValueOrDefault(kind) ?? throw new FormatException($"a step of kind '{kind}'"), words);
        return words.Count == 0 ? step : throw new FormatException($"{words.Count} words too many in '{line}'");
    }

    public void CheckEnd()
    {
        if ((weightsRead, integersRead, fractionsRead, scalesRead) != (weights.Length, integers.Length, fractions.Length, scales.Length))
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
        if (type == typeof(sbyte[])) return Take(weights, ref weightsRead, length);
        if (type == typeof(int[])) return Take(integers, ref integersRead, length);
        if (type == typeof(short[])) return Take(fractions, ref fractionsRead, length);
        if (type == typeof(float[])) return Take(scales, ref scalesRead, length);
        if (length > words.Count) throw new FormatException($"{length} parts in {words.Count} words");
        var array = Array.CreateInstance(type.GetElementType()!, length);
        for (int i = 0; i < length; i++) array.SetValue(Record(type.GetElementType()!, words), i);
        return array;
    }

    private static T[] Take<T>(T[] from, ref int read, int length)
    {
        var taken = from.AsSpan(read, length).ToArray();
        read += length;
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
