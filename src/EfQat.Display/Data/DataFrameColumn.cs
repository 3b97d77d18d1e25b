using System.Collections;
using System.Globalization;

namespace Microsoft.Data.Analysis;

/// <summary>A named column of values, any of which may be null. Named as the package Microsoft.Data.Analysis names it.</summary>
public abstract partial class DataFrameColumn(string name) : IEnumerable
{
    /// <summary>What it is called in its <see cref="DataFrame"/>.</summary>
    public string Name { get; private set; } = name;

    /// <summary>The type of its values.</summary>
    public abstract Type DataType { get; }

    /// <summary>How many rows it has, nulls included.</summary>
    public abstract long Length { get; }

    /// <summary>How many of its values are null.</summary>
    public long NullCount => Values.LongCount(v => v is null);

    /// <summary>The value in one row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public object? this[long rowIndex]
    {
        get => GetValue(Row(rowIndex));
        set => SetValue(Row(rowIndex), Convert(value));
    }

    /// <summary>Whether it holds numbers.</summary>
    public bool IsNumericColumn() => DataType != typeof(string) && DataType != typeof(bool) && DataType != typeof(char);

    /// <summary>Renames it.</summary>
    public void SetName(string newName) => Name = newName;

    /// <summary>A copy.</summary>
    public DataFrameColumn Clone() => Create(Name, DataType, Values);

    /// <summary>A sorted copy, nulls and NaN last.</summary>
    public DataFrameColumn Sort(bool ascending = true) => Take(Order(ascending));

    /// <summary>A copy with a value in place of each null.</summary>
    public DataFrameColumn FillNulls(object value) => Create(Name, DataType, Values.Select(v => v ?? value));

    /// <summary>A copy without nulls.</summary>
    public DataFrameColumn DropNulls() => Create(Name, DataType, Present);

    /// <summary>The smallest value, nulls left out; null for a column without values.</summary>
    public object? Min() => Present.Order(ColumnArithmetic.ByValue).FirstOrDefault();

    /// <summary>The largest value, nulls left out; null for a column without values.</summary>
    public object? Max() => Present.OrderDescending(ColumnArithmetic.ByValue).FirstOrDefault();

    /// <summary>The sum, in the column's type; nulls count as 0.</summary>
    /// <exception cref="OverflowException">It does not fit the type.</exception>
    public object Sum() => Convert(DataType == typeof(int) || DataType == typeof(long)
        ? Numbers(v => System.Convert.ToInt64(v, CultureInfo.InvariantCulture)).Sum()
        : Doubles.Sum())!;

    /// <summary>The mean, nulls left out; NaN for a column without values.</summary>
    public double Mean() => Doubles.DefaultIfEmpty(double.NaN).Average();

    /// <summary>The median, nulls left out; NaN for a column without values.</summary>
    public double Median()
    {
        double[] sorted = [.. Doubles.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <inheritdoc/>
    public IEnumerator GetEnumerator() => Values.GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {string.Join(", ", Values.Select(DataFrameTable.Text))}";

    /// <summary>A column of the class made for <paramref name="type"/>.</summary>
    internal static DataFrameColumn Create(string name, Type type, IEnumerable<object?> values)
    {
        DataFrameColumn column =
            type == typeof(int) ? new Int32DataFrameColumn(name)
            : type == typeof(long) ? new Int64DataFrameColumn(name)
            : type == typeof(float) ? new SingleDataFrameColumn(name)
            : type == typeof(double) ? new DoubleDataFrameColumn(name)
            : type == typeof(bool) ? new BooleanDataFrameColumn(name)
            : type == typeof(string) ? new StringDataFrameColumn(name)
            : throw new NotSupportedException(
                $"column '{name}' of {type.Name}: columns hold Int32, Int64, Single, Double, Boolean or String");
        foreach (var value in values)
            column.Add(value);
        return column;
    }

    internal IEnumerable<object?> Values
    {
        get
        {
            for (var i = 0L; i < Length; i++)
                yield return GetValue((int)i);
        }
    }

    internal DataFrameColumn Take(IEnumerable<long> rows) => Create(Name, DataType, rows.Select(row => this[row]));

    internal DataFrameColumn Named(string newName) => Create(newName, DataType, Values);

    internal void Add(object? value) => AddValue(Convert(value));

    internal IEnumerable<long> Order(bool ascending)
    {
        object?[] values = [.. Values];
        var rows = Enumerable.Range(0, values.Length).OrderBy(i => values[i] is null or double.NaN or float.NaN);
        var ordered = ascending
            ? rows.ThenBy(i => values[i], ColumnArithmetic.ByValue)
            : rows.ThenByDescending(i => values[i], ColumnArithmetic.ByValue);
        return ordered.Select(i => (long)i);
    }

    private protected abstract object? GetValue(int row);

    private protected abstract void SetValue(int row, object? value);

    private protected abstract void AddValue(object? value);

    IEnumerable<object> Present => Values.OfType<object>();

    IEnumerable<double> Doubles => Numbers(v => System.Convert.ToDouble(v, CultureInfo.InvariantCulture));

    IEnumerable<T> Numbers<T>(Func<object, T> convert) => IsNumericColumn()
        ? Present.Select(convert)
        : throw new NotSupportedException($"column '{Name}' holds {DataType.Name}, not numbers");

    int Row(long index) => index >= 0 && index < Length ? (int)index
        : throw new ArgumentOutOfRangeException(nameof(index), $"row {index} of column '{Name}', which has {Length} rows");

    object? Convert(object? value)
    {
        if (value is null || value.GetType() == DataType)
            return value;
        try
        {
            return System.Convert.ChangeType(value, DataType, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is FormatException or InvalidCastException)
        {
            throw new ArgumentException($"column '{Name}' holds {DataType.Name}; '{value}' is {value.GetType().Name}", e);
        }
    }
}
