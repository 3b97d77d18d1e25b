using System.Globalization;
using System.Numerics;

namespace Microsoft.Data.Analysis;

/// <summary>One operation over the rows of two columns.</summary>
static class ColumnArithmetic
{
    static readonly Type[] WidestFirst = [typeof(double), typeof(float), typeof(long), typeof(int)];

    /// <summary>Orders values of one type as C# does, texts by code point.</summary>
    public static readonly Comparer<object?> ByValue = Comparer<object?>.Create((a, b) =>
        a is string s && b is string t ? string.CompareOrdinal(s, t) : Comparer<object?>.Default.Compare(a, b));

    public static DataFrameColumn Apply(DataFrameColumn left, char operation, DataFrameColumn right)
    {
        foreach (var column in (DataFrameColumn[])[left, right])
            if (!column.IsNumericColumn())
                throw new NotSupportedException($"'{operation}' needs numbers; column '{column.Name}' holds {column.DataType.Name}");
        var type = WidestFirst.First(t => left.DataType == t || right.DataType == t);
        Func<object, object, object> apply =
            type == typeof(double) ? Typed<double>(operation)
            : type == typeof(float) ? Typed<float>(operation)
            : type == typeof(long) ? Typed<long>(operation)
            : Typed<int>(operation);
        return DataFrameColumn.Create(
            left.Name == "" ? right.Name : left.Name, type,
            Pairs(left, right).Select(p => p is ({ } a, { } b) ? apply(a, b) : null));
    }

    /// <summary>Tests how each row compares: below 0, 0, above 0, or null where a null or NaN has no order.</summary>
    public static BooleanDataFrameColumn Compare(DataFrameColumn column, object? other, Func<int?, bool> test) => new(
        column.Name,
        (other is DataFrameColumn second ? Pairs(column, second) : column.Values.Select(v => (v, other)))
            .Select(p => test(Order(column.Name, p.Item1, p.Item2))));

    /// <summary>Combines truth values; null is unknown, as in C#.</summary>
    public static BooleanDataFrameColumn Combine(DataFrameColumn left, DataFrameColumn right, Func<bool?, bool?, bool?> combine)
    {
        foreach (var column in (DataFrameColumn[])[left, right])
            if (column.DataType != typeof(bool))
                throw new NotSupportedException($"column '{column.Name}' holds {column.DataType.Name}, not truth values");
        return new(left.Name, Pairs(left, right).Select(p => combine((bool?)p.Item1, (bool?)p.Item2)));
    }

    static Func<object, object, object> Typed<T>(char operation) where T : INumber<T>
    {
        Func<T, T, T> apply = operation switch
        {
            '+' => (a, b) => checked(a + b),
            '-' => (a, b) => checked(a - b),
            '*' => (a, b) => checked(a * b),
            '/' => (a, b) => a / b,
            _ => (a, b) => a % b,
        };
        static T Widen(object value) => (T)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture);
        return (a, b) => apply(Widen(a), Widen(b));
    }

    static IEnumerable<(object?, object?)> Pairs(DataFrameColumn left, DataFrameColumn right)
    {
        if (left.Length != right.Length && left.Length != 1 && right.Length != 1)
            throw new ArgumentException(
                $"column '{left.Name}' has {left.Length} rows and column '{right.Name}' has {right.Length}; both need the same number");
        var rows = left.Length == 1 ? right.Length : left.Length;
        for (var i = 0L; i < rows; i++)
            yield return (left[left.Length == 1 ? 0 : i], right[right.Length == 1 ? 0 : i]);
    }

    static int? Order(string column, object? a, object? b) => (a, b) switch
    {
        (null, null) => 0,
        (null, _) or (_, null) => null,
        (string, string) or (bool, bool) => ByValue.Compare(a, b),
        (int or long, int or long) => Convert.ToInt64(a).CompareTo(Convert.ToInt64(b)),
        (not (string or bool), IConvertible and not (string or bool)) => Order(Convert.ToDouble(a), Convert.ToDouble(b)),
        _ => throw new ArgumentException($"column '{column}' holds {a.GetType().Name}, which does not compare with {b.GetType().Name}"),
    };

    static int? Order(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
}
